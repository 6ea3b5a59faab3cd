"""From what was typed to plain simplified Chinese: bounded, one form for each character and mark, without emoji."""

from __future__ import annotations

import unicodedata

from bot.language.text import MAX_CHARACTERS

_PAIRS = """
頭头 髮发 發发 紅红 藍蓝 綠绿 黃黄 銀银 顏颜 臉脸 鬍胡 鬚须 鏡镜 帶带 變变 讓让 給给 個个 張张 頂顶 條条 隻只 點点 麼么 沒没 裡里 裏里 還还 這这 嗎吗 請请 幫帮 煩烦 謝谢 說说 話话 為为 與与 換换 體体 現现 開开
關关 閉闭 睜睁 長长 圓圆 寬宽 細细 濃浓 淺浅 輕轻 強强 減减 壯壮 銳锐 瘋疯 漢汉 氣气 憤愤 難难 過过 傷伤 驚惊 訝讶 嚴严 肅肃 歡欢 樂乐 樣样 愛爱 醜丑 帥帅 溫温 親亲 兇凶 惡恶 殭僵 屍尸 靈灵 龍龙 貓猫 獅狮 豬猪
馬马 鳥鸟 雞鸡 鴨鸭 魚鱼 鷹鹰 貝贝 環环 鏈链 飾饰 領领 結结 褲裤 襯衬 圍围 紋纹 皺皱 粧妆 妝妆 膚肤 齒齿 頰颊 額额 頸颈 樑梁 雙双 膠胶 剛刚 纔才 對对 圖图 畫画 歷历 記记 錄录 復复 複复 銷销 後后 幾几 種种 萬万
兩两 數数 據据 時时 間间 從从 來来 當当 應应 該该 將将 則则 無无 須须 並并 邊边 側侧 處处 區区 場场 陽阳 陰阴 雲云 電电 燈灯 亂乱 淨净 乾干 濕湿 滿满 會会 覺觉 認认 識识 學学 醫医 師师 員员 國国 總总 統统 軍军
騎骑 盜盗 術术 機机 動动 維维 別别 試试 調调 輔辅 極极 許许 約约 繼继 續续 選选 項项 單单 純纯 塗涂 脫脱 掛挂 載载 傳传 轉转 達达 遠远 連连 麗丽 優优 貴贵 聰聪 壞坏 髒脏 舊旧 豐丰 飽饱 鬆松 禿秃 鬢鬓 劉刘 瀏浏
辮辫 捲卷 絲丝 順顺 爺爷 媽妈 們们 誰谁 啟启 製制 隱隐 顯显 夠够 歲岁 嬰婴 兒儿 孫孙 膽胆 飄飘 蘭兰 鑽钻 潔洁 團团 塊块 縮缩 擴扩 臥卧 彎弯 緊紧 鬥斗 聖圣 誕诞 禮礼 節节 藝艺 雜杂 誌志 遊游 戲戏 獸兽 貍狸 驢驴
駱骆 蟲虫 龜龟 鱷鳄 鯊鲨 鸚鹦 鵝鹅 鶴鹤 歐欧 亞亚 韓韩 華华 風风 霧雾 灘滩 島岛 樹树 葉叶 園园 廚厨 獨独 號号 頁页 寫写 東东 勁劲 傑杰 絕绝 徹彻 異异 幹干 囉啰 喲哟 噓嘘 嗶哔 較较 僅仅 祇只 祗只 妳你 牠它 週周
準准 佈布 暈晕 鮮鲜 豔艳 艷艳 澤泽 潤润 嬌娇 憐怜 憂忧 鬱郁 懼惧 嚇吓 惱恼 悶闷 灑洒 颯飒 靜静 誇夸 確确 實实 啞哑 齊齐 劍剑 槍枪 禦御 寶宝 鑲镶 紗纱 絨绒 縷缕 綢绸 襪袜 鈕钮 釦扣 鉤钩 閃闪 爍烁 燦灿 爛烂
"""
_SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_MARKS = str.maketrans(
    {
        "，": ",",
        "、": "、",
        "；": ".",
        ";": ".",
        "。": ".",
        "！": ".",
        "!": ".",
        "？": ".",
        "?": ".",
        "…": ".",
        "：": ":",
        "～": "",
        "~": "",
        "（": ",",
        "）": ",",
        "(": ",",
        ")": ",",
        "\n": ".",
        "\r": ".",
        "—": ",",
        "％": "%",
        "＋": "+",
    }
)
"""Two marks stay: a comma between clauses and the enumeration comma between words."""


def simplified(text: str) -> str:
    """Traditional characters of the words this grammar knows as simplified ones."""
    return text.translate(_SIMPLIFIED)


def clean(text: str) -> str:
    """Lower case, simplified, one form for each mark; quotes and symbols are spaces, formatting marks are gone."""
    unified = (
        unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].translate(_MARKS))
        .translate(_MARKS)
        .lower()[:MAX_CHARACTERS]
    )
    kept: list[str] = []
    for character in simplified(unified):
        category = unicodedata.category(character)
        if character in ",.:、%+-" or category[0] in "LN":
            kept.append(character)
        elif category != "Cf":
            kept.append(" ")
    return "".join(kept).strip()


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one."""
    return unicodedata.name(character, "").startswith("CJK")
