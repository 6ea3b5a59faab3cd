"""Chinese words and the English ones they mean, as data: words to words, never to attributes.

A line is ``english: words``; the first word is the one the bot itself uses. ``KINDS`` says how a word stands in a phrase:

    part     a part of every picture: hair, eyes, background ("头发染成金色" says something of it)
    worn     what may be there or not: glasses, beard, makeup
    being    whom a picture may show: woman, king, cat
    thing    any other noun
    colour, shape    adjectives that need a noun
    trait    adjectives that stand alone: cute, old
    state    what somebody does: smiling
"""

from __future__ import annotations

PART = """
hair: 头发 发型 发 秀发 毛发 发色
hairstyle: 发式
face: 脸 脸型 脸蛋 面部 面孔 脸部 面容
eyes: 眼睛 眼 双眼 眼珠 眼眸 瞳孔 眼瞳 瞳色 眼球 眸子 瞳
left eye: 左眼 左眼睛 左边的眼睛 左边眼睛 左侧的眼睛
right eye: 右眼 右眼睛 右边的眼睛 右边眼睛 右侧的眼睛
eyebrows: 眉毛 眉 双眉
eyelashes: 睫毛 眼睫毛
eyelids: 眼皮 眼睑
double eyelids: 双眼皮
nose: 鼻子 鼻梁 鼻 鼻头
mouth: 嘴巴 嘴 口
lips: 嘴唇 双唇 唇 唇色
teeth: 牙齿 牙
tongue: 舌头
skin: 皮肤 肤色 肌肤 皮
forehead: 额头 前额 脑门
cheeks: 脸颊 腮 面颊 腮帮
chin: 下巴
jaw: 下颌 下颚
ears: 耳朵 双耳 耳
left ear: 左耳 左耳朵
right ear: 右耳 右耳朵
neck: 脖子 颈部 脖颈 颈
head: 头 脑袋 头部
shoulders: 肩膀 肩
snout: 口鼻 吻部
tail: 尾巴 尾
hands: 手 双手
hairline: 发际线
background: 背景 背景色 底色 后面的背景
clothes: 衣服 服装 衣着 衣裳 着装
shirt: 衬衫 上衣 T恤 t恤 汗衫
sweater: 毛衣 针织衫
jacket: 夹克 外套
coat: 大衣
suit: 西装 西服
dress: 裙子 连衣裙
shirt collar: 领子 衣领
hoodie: 卫衣 连帽衫
expression: 表情 神情 神态
makeup style: 妆容风格
gaze: 眼神 目光 视线
fur: 毛 皮毛 毛皮 绒毛
light: 灯光 光线 光
sky: 天空 天
facial features: 五官
wall: 墙 墙壁
style: 风格 画风 样式
frame: 框 边框
temples: 太阳穴
eyeballs: 眼白
posture: 姿势
"""

WORN = """
glasses: 眼镜 近视镜 镜框
sunglasses: 墨镜 太阳镜 太阳眼镜
reading glasses: 老花镜
round glasses: 圆框眼镜 圆眼镜
goggles: 护目镜
monocle: 单片眼镜
hat: 帽子 帽
cap: 棒球帽 鸭舌帽
beanie: 毛线帽 针织帽 毛帽
straw hat: 草帽
cowboy hat: 牛仔帽
top hat: 礼帽
santa hat: 圣诞帽
wizard hat: 巫师帽 魔法帽
beret: 贝雷帽
crown: 皇冠 王冠
tiara: 头冠 公主冠
helmet: 头盔
headband: 发带 头带
hair clip: 发夹 发卡
bow: 蝴蝶结
flower: 花 花朵 鲜花
headphones: 耳机
scarf: 围巾
veil: 面纱
mask: 口罩 面具
eye patch: 眼罩
tie: 领带
bow tie: 领结
necklace: 项链
earrings: 耳环 耳坠 耳饰 耳钉
nose ring: 鼻环 鼻钉
piercing: 穿孔
jewellery: 首饰 珠宝
tattoo: 纹身 刺青
beard: 胡子 胡须 络腮胡 大胡子 胡
moustache: 八字胡 小胡子 髭 髭须 两撇胡
goatee: 山羊胡
stubble: 胡茬 胡渣
sideburns: 鬓角
bangs: 刘海 齐刘海 流海
ponytail: 马尾 马尾辫
twin tails: 双马尾
braids: 辫子 麻花辫
bun: 丸子头 发髻
wig: 假发
makeup: 化妆 妆 妆容 彩妆
heavy makeup: 浓妆 大浓妆
light makeup: 淡妆
lipstick: 口红 唇膏 唇彩
eyeshadow: 眼影
eyeliner: 眼线
mascara: 睫毛膏
blush: 腮红 胭脂
foundation: 粉底
freckles: 雀斑
wrinkles: 皱纹 细纹
crow's feet: 鱼尾纹
dark circles: 黑眼圈
bags under the eyes: 眼袋
pimples: 痘痘 青春痘 痘
spots: 斑点 斑
blemishes: 瑕疵 痘印
mole: 痣 美人痣
scar: 伤疤 疤痕 刀疤 疤
dimples: 酒窝
tears: 眼泪 泪水
fangs: 獠牙 尖牙
braces: 牙套
horns: 角 犄角 头角
wings: 翅膀
halo: 光环
whiskers: 猫须 触须 猫胡子 猫胡须
mane: 鬃毛 狮鬃 鬃
collar: 项圈 颈圈 狗项圈 猫项圈
party hat: 派对帽 生日帽
leopard spots: 豹纹 豹斑
pipe: 烟斗
cigarette: 香烟 烟
black glasses: 黑框眼镜 黑框
gold-rimmed glasses: 金丝眼镜 金丝边眼镜 金框眼镜
graduation cap: 学士帽
headscarf: 头巾
cape: 斗篷 披风
bandage: 绷带 创可贴
hair accessory: 头饰 发饰
false eyelashes: 假睫毛
long eyelashes: 长睫毛
face paint: 脸彩
snot: 鼻涕
gloves: 手套
cat ears: 猫耳 猫耳朵
rabbit ears: 兔耳 兔耳朵
"""

BEING = """
person: 人 人类
woman: 女人 女性 女士 女的 女生
man: 男人 男性 男士 男的 男生
girl: 女孩 女孩子 小女孩 小姑娘 姑娘 少女
boy: 男孩 男孩子 小男孩 少年
child: 小孩 孩子 小孩子 儿童 小朋友
baby: 婴儿 宝宝 小宝宝
teenager: 青少年
young man: 小伙子
young woman: 年轻姑娘
old man: 老头 老爷爷 老头子 老大爷
old woman: 老太太 老奶奶 老婆婆
elderly person: 老人 老年人
grandmother: 奶奶 外婆
grandfather: 爷爷 外公
king: 国王
queen: 女王 皇后
princess: 公主
prince: 王子
knight: 骑士
cowboy: 牛仔
pirate: 海盗
witch: 女巫 巫婆
wizard: 巫师 魔法师
vampire: 吸血鬼
zombie: 僵尸 丧尸
elf: 精灵
fairy: 仙女
angel: 天使
devil: 恶魔 魔鬼
ghost: 鬼 幽灵
alien: 外星人
robot: 机器人
clown: 小丑
superhero: 超级英雄
soldier: 士兵 军人
doctor: 医生
nurse: 护士
chef: 厨师
police officer: 警察
teacher: 老师
student: 学生
ninja: 忍者
samurai: 武士
emperor: 皇帝
monk: 和尚
hipster: 文艺青年
punk: 朋克
model: 模特
celebrity: 明星
cat: 猫 猫咪 小猫 喵 猫猫
kitten: 小猫咪 奶猫
dog: 狗 狗狗 小狗 犬
puppy: 小奶狗 幼犬
husky: 哈士奇
lion: 狮子 狮 雄狮
lioness: 母狮子 母狮
lion cub: 小狮子 幼狮
tiger: 老虎 虎
tiger cub: 小老虎 幼虎 虎崽
leopard: 豹 豹子 花豹
cheetah: 猎豹
wolf: 狼 大灰狼 野狼
wolf cub: 小狼 幼狼 狼崽
fox: 狐狸 狐
fox cub: 小狐狸 幼狐
arctic fox: 白狐 雪狐 北极狐
bear: 熊
panda: 熊猫 大熊猫
rabbit: 兔子 兔
monkey: 猴子 猴
horse: 马
pig: 猪
cow: 牛 奶牛
sheep: 羊 绵羊
goat: 山羊
deer: 鹿 小鹿
elephant: 大象
mouse: 老鼠
bird: 鸟 小鸟
owl: 猫头鹰
eagle: 鹰 老鹰
chicken: 鸡
duck: 鸭子
frog: 青蛙
dragon: 龙
unicorn: 独角兽
squirrel: 松鼠
snake: 蛇
turtle: 乌龟
shark: 鲨鱼
fish: 鱼
crocodile: 鳄鱼
gorilla: 大猩猩 猩猩
hedgehog: 刺猬
kangaroo: 袋鼠
corgi: 柯基
shiba inu: 柴犬
golden retriever: 金毛
persian cat: 波斯猫
siamese cat: 暹罗猫
lynx: 猞猁
hamster: 仓鼠
raccoon: 浣熊
koala: 考拉
penguin: 企鹅
animal: 动物
baby animal: 幼崽 崽 崽崽 幼兽
tabby cat: 虎斑猫 狸花猫 狸花
dalmatian: 斑点狗
young person: 年轻人
middle-aged person: 中年人
middle-aged man: 大叔 中年男人
middle-aged woman: 阿姨 大妈 中年女人
handsome man: 帅哥 型男
beautiful woman: 美女 大美女
young lady: 小姐姐 小姐 妹子 小妹妹
young guy: 小哥哥 小哥 小弟弟 小鲜肉
mother: 妈妈 母亲
father: 爸爸 父亲
bride: 新娘
groom: 新郎
santa claus: 圣诞老人
superman: 超人
spider-man: 蜘蛛侠
batman: 蝙蝠侠
mermaid: 美人鱼
werewolf: 狼人
orc: 兽人
dwarf: 矮人
goddess: 女神
businessman: 商人
astronaut: 宇航员
"""

THING = """
blonde hair and blue eyes: 金发碧眼
blue eyes: 碧眼
slicked back hair: 背头 大背头 往后梳 后梳 油头
mohawk: 莫霍克 莫霍克发型 莫西干 莫西干头 莫西干发型 莫霍克头 莫希干
afro: 爆炸头 非洲头
bob cut: 波波头 短波波 bob头
pixie cut: 精灵短发
dreadlocks: 脏辫
crew cut: 寸头 平头 板寸
buzz cut: 圆寸
bowl cut: 锅盖头 西瓜头
bald head: 光头 秃头
updo: 盘发
curly hair: 卷发 鬈发 卷儿 大波浪 波浪卷
straight hair: 直发
long hair: 长发 长头发
short hair: 短发 短头发
wavy hair: 波浪发 波浪头
blonde hair: 金发 金头发
black hair: 黑发 黑头发
white hair: 白发 白头发
grey hair: 灰发 银发
red hair: 红发 红头发
brown hair: 棕发 棕头发
pink hair: 粉发
blue hair: 蓝发
long straight black hair: 黑长直
open mouth: 张开的嘴 张嘴 张开嘴 张开嘴巴 嘴巴张开 嘴张开 张着嘴 开口
closed mouth: 闭嘴 闭上嘴 闭着嘴 嘴巴闭上
closed eyes: 闭眼 闭上眼睛 闭着眼 闭着眼睛 眼睛闭上
open eyes: 睁眼 睁开眼睛 睁开眼 睁着眼
raised eyebrows: 挑眉 扬眉
thick eyebrows: 浓眉 粗眉
big eyes: 大眼睛 大眼
small eyes: 小眼睛 小眼
red lips: 红唇
white teeth: 白牙
smile: 笑容 笑脸
big smile: 灿烂的笑容 灿烂笑容
frown: 皱眉头
tongue out: 吐舌头 伸舌头 吐舌
no makeup: 素颜 卸妆 裸妆
double chin: 双下巴
oval face: 瓜子脸 鹅蛋脸
round face: 圆脸
long face: 长脸
square face: 方脸 国字脸
snow: 雪 下雪
blue sky: 蓝天
heterochromia: 异色瞳 异瞳
sunset: 夕阳 日落
forest: 森林
beach: 海滩 沙滩
sea: 大海 海
city: 城市
stars: 星星 星空
flowers: 花丛
rainbow: 彩虹
night: 夜晚 晚上 夜景
room: 房间 室内
street: 街道 街头
garden: 花园
fire: 火 火焰
space: 太空 宇宙
mountains: 山 大山
spots on the fur: 花纹
stripes: 斑纹 虎纹
floppy ears: 垂耳 垂耳朵 耷拉的耳朵 下垂的耳朵 耷拉着耳朵
pointed ears: 尖耳 立耳 竖耳 竖起的耳朵 竖着的耳朵
side parting: 中分 侧分
oil painting: 油画
watercolour painting: 水彩 水彩画
sketch: 素描
pencil drawing: 铅笔画
cartoon: 卡通 漫画 卡通风格
anime: 动漫 二次元 日漫
pixar style: 皮克斯 皮克斯风格
disney style: 迪士尼 迪士尼风格
cyberpunk: 赛博朋克
pixel art: 像素 像素画 像素风
sculpture: 雕塑 雕像
photo: 照片
portrait: 肖像
ukiyo-e: 浮世绘
ink painting: 水墨 水墨画
mullet: 鲻鱼头 狼尾
hime cut: 公主切
high ponytail: 高马尾
low ponytail: 低马尾
woolly curls: 羊毛卷
hair tied up: 扎起来 头发扎起来 扎头发 扎起
hair down: 披头散发 披肩发
shoulder-length hair: 齐肩短发 齐肩发 中长发
side swept bangs: 斜刘海
small face: 小脸
v-shaped face: 尖脸 锥子脸
high nose bridge: 高鼻梁
cherry lips: 樱桃小嘴
smirk: 坏笑 邪魅一笑
silly grin: 傻笑
"""

COLOUR = """
red: 红色 红 大红色 大红 鲜红 鲜红色 红色系 正红色 正红 火红 火红色
dark red: 深红色 深红 暗红色 暗红 酒红色 酒红
pink: 粉色 粉红色 粉红 粉 桃红色 玫红色 玫红
light pink: 浅粉色 淡粉色 浅粉
orange: 橙色 橘色 橙 橘红色 橘
yellow: 黄色 黄
green: 绿色 绿 翠绿色 翠绿
light green: 浅绿色 淡绿色 浅绿
dark green: 深绿色 墨绿色 深绿 墨绿
teal: 青色 蓝绿色 青
blue: 蓝色 蓝 湛蓝
light blue: 浅蓝色 淡蓝色 天蓝色 浅蓝 淡蓝 天蓝
dark blue: 深蓝色 藏青色 深蓝 藏蓝色
purple: 紫色 紫
lavender: 淡紫色 浅紫色 薰衣草色
brown: 棕色 褐色 咖啡色 棕 栗色 茶色 棕褐色
light brown: 浅棕色 浅褐色
dark brown: 深棕色 深褐色
auburn: 红棕色 红褐色
black: 黑色 黑 乌黑
white: 白色 白 雪白 纯白
grey: 灰色 灰 银灰色 灰白色
silver: 银色 银
golden: 金色 金 金黄色 金黄
platinum: 铂金色 白金色 铂金
beige: 米色 米白色
colourful: 彩色 五颜六色 七彩
hazel: 榛色 淡褐色
neon: 荧光 霓虹
mint green: 薄荷绿 薄荷色
milk tea brown: 奶茶色
silver grey: 奶奶灰 银灰
flaxen: 亚麻色 亚麻
champagne: 香槟色
khaki: 卡其色
turquoise: 绿松石色 湖蓝 湖蓝色
sky blue: 天空蓝
cherry blossom pink: 樱花粉
rainbow coloured: 彩虹色
amber: 琥珀色
transparent: 透明
"""

SHAPE = """
long: 长长 长
short: 短短 短
big: 大 大大 更大 瞪大
small: 小 小小 细小
round: 圆 圆圆 圆润
thick: 粗 厚 浓密 茂密 粗粗 浓
thin: 细 薄 稀疏
wide: 宽 宽大
narrow: 窄
high: 高 高挺
flat: 扁 塌
pointed: 尖 尖尖
curly: 卷曲 卷 卷卷 自然卷
wavy: 波浪 波浪形
straight: 直 笔直 顺直
fluffy: 蓬松 毛茸茸 毛绒绒
messy: 凌乱 乱糟糟 乱
smooth: 光滑 顺滑 平滑
shiny: 闪亮 发亮 亮晶晶 有光泽 闪闪发光
dark: 黑暗 深色 暗 暗色 深
light: 浅色 淡色 淡 浅
bright: 明亮 亮
pale: 苍白 白皙 白净
tanned: 小麦色 古铜色 晒黑
rosy: 红润
fair: 白嫩
red hot: 火辣
clear: 清晰 清透
open: 张开 睁开 打开 张大 睁大
closed: 闭上 闭着 合上 紧闭
raised: 扬起 挑起
plump: 丰满 饱满 肉嘟嘟 厚厚
hooked: 鹰钩
spiky: 刺猬 竖起 竖起来
plain: 纯色
blurred: 虚化 模糊
wet: 湿 湿漉漉
striped: 条纹
left: 左边 左侧 左
right: 右边 右侧 右
"""

TRAIT = """
cute: 可爱 萌 卡哇伊 呆萌 可爱点儿 萌萌
old: 老 年老 苍老 老气 衰老 年迈 变老
young: 年轻 年青 变年轻 显年轻
middle-aged: 中年
grown up: 成熟 成年 长大
beautiful: 漂亮 美丽 美 好看 美貌 变美
pretty: 俏丽 清秀
handsome: 帅 帅气 英俊
ugly: 丑 丑陋 难看
happy: 开心 高兴 快乐 幸福 喜悦 欢乐
cheerful: 阳光 开朗
sad: 悲伤 难过 伤心 忧伤 不开心 不高兴 忧郁
angry: 生气 愤怒 怒 发怒 气愤 凶狠
serious: 严肃 认真 正经 严厉
surprised: 惊讶 吃惊 惊喜 震惊
scared: 害怕 恐惧 惊恐
worried: 担心 担忧 忧虑
tired: 疲惫 疲倦 累
sleepy: 困 困倦 犯困
expressionless: 面无表情
calm: 平静 冷静 淡定
shy: 害羞 羞涩
blushing: 脸红 羞红
proud: 骄傲 自豪
confident: 自信
gentle: 温柔 温和
friendly: 友好 亲切 和善
kind: 善良 慈祥
fierce: 凶 凶猛 凶恶
scary: 可怕 吓人 恐怖
evil: 邪恶 坏
cool: 酷 炫酷 拽
funny: 搞笑 滑稽 好笑 有趣
elegant: 优雅 高贵 气质 有气质 高雅
sexy: 性感
masculine: 男性化 阳刚 男子气 硬朗 爷们
feminine: 女性化 阴柔 有女人味 女人味
fat: 胖 肥 胖胖 肥胖
slim: 瘦 苗条 消瘦 瘦瘦
chubby: 微胖 婴儿肥 胖嘟嘟
strong: 强壮 健壮
muscular: 肌肉 肌肉发达
bald: 秃 秃顶 没头发 秃了
hairy: 多毛
natural: 自然
healthy: 健康
sick: 生病 病态 憔悴
dirty: 脏
clean: 干净 清爽
fashionable: 时髦 时尚 潮
sweet: 甜美 甜
lovely: 迷人
radiant: 灿烂 容光焕发
innocent: 无辜 天真 单纯
noble: 高冷 贵气
cold: 冷漠 冷酷 冷
warm: 温暖 暖
smart: 聪明 机灵
stupid: 傻 笨 蠢
crazy: 疯狂 疯
normal: 正常 普通
vintage: 复古 怀旧
futuristic: 未来 科幻
gothic: 哥特 暗黑
sad-looking: 苦脸
punk style: 朋克风
lively: 活泼
grumpy: 暴躁 臭脸
gloomy: 哭丧着脸 苦着脸 阴沉 闷闷不乐
bored: 无聊
drunk: 喝醉 醉
rich: 有钱
wild: 狂野 野性
mysterious: 神秘
sunny: 晴朗
asian: 亚洲 亚裔
african: 非洲 非裔
european: 欧洲 欧美
disgusted: 嫌弃 厌恶
smug: 得意
helpless: 无奈
wronged: 委屈
nervous: 紧张
excited: 兴奋 激动
energetic: 有精神 精神 精神抖擞
depressed: 沮丧 颓废
androgynous: 中性
realistic: 写实 真实 逼真
retro: 老式
cuddly: 软萌
handsome and cool: 帅酷
"""

STATE = """
smiling: 微笑 笑 微微笑 笑开 嘴角上扬 嘴角上翘 笑起来 笑一笑 笑一个 微笑着 笑着 面带微笑
grinning: 咧嘴笑 露齿笑
laughing: 大笑 哈哈大笑 笑哈哈
crying: 哭 哭泣 流泪 哭着
frowning: 皱眉 皱着眉
winking: 眨眼 眨眼睛
screaming: 尖叫 大叫
talking: 说话
sleeping: 睡觉 睡着
pouting: 嘟嘴 撅嘴 噘嘴
singing: 唱歌
kissing: 亲亲 亲吻
pursing lips: 抿嘴
staring: 瞪眼 盯着
"""

KINDS = {
    "part": PART,
    "worn": WORN,
    "being": BEING,
    "thing": THING,
    "colour": COLOUR,
    "shape": SHAPE,
    "trait": TRAIT,
    "state": STATE,
}

BESIDE = {
    ("golden", "hair"): "blonde",
    ("golden", "beard"): "blonde",
    ("golden", "eyebrows"): "blonde",
    ("golden", "curls"): "blonde",
    ("golden", "bangs"): "blonde",
    ("golden", "ponytail"): "blonde",
    ("golden", "moustache"): "blonde",
    ("golden", "hairstyle"): "blonde",
    ("white", "skin"): "pale",
    ("white", "face"): "pale",
    ("black", "skin"): "dark",
    ("light", "skin"): "pale",
    ("yellow", "skin"): "tanned",
    ("thick", "makeup"): "heavy",
    ("dark", "makeup"): "heavy",
    ("pale", "teeth"): "white",
    ("big", "person"): "tall",
    ("high", "person"): "tall",
    ("thin", "face"): "slim",
    ("thick", "lipstick"): "dark",
}
"""English adjectives that become another one beside a noun, as usage has it."""


def _read(table: str) -> dict[str, str]:
    return {
        word: english.strip()
        for line in table.strip().splitlines()
        for english, words in [line.split(":")]
        for word in words.split()
    }


WORDS: dict[str, tuple[str, str]] = {
    word: (english, kind) for kind, table in KINDS.items() for word, english in _read(table).items()
}
"""Chinese word -> (English, kind)."""

OWN: dict[str, tuple[str, str]] = {}
"""English -> (the Chinese word that the bot itself uses, kind)."""
for _word, (_english, _kind) in WORDS.items():
    OWN.setdefault(_english, (_word, _kind))

ORDER = {
    "big": 1,
    "small": 1,
    "long": 1,
    "short": 1,
    "high": 1,
    "thick": 2,
    "thin": 2,
    "wide": 2,
    "narrow": 2,
    "round": 2,
    "curly": 2,
    "wavy": 2,
    "straight": 2,
    "fluffy": 2,
}
"""Where adjectives stand before an English noun: opinion 0, size 1, form 2, colour 4."""
