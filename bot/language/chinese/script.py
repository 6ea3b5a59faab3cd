"""From what was typed to plain simplified Chinese: bounded, one form for each character and mark, without emoji."""

from __future__ import annotations

import unicodedata

from bot.language.text import MAX_CHARACTERS

_PAIRS = """
頭头 髮发 發发 紅红 藍蓝 綠绿 黃黄 銀银 顏颜 臉脸 鬍胡 鬚须 鏡镜 帶带 戴戴 變变 讓让 給给 個个 張张 頂顶 條条 隻只 點点 麼么 沒没 裡里 裏里 還还
這这 嗎吗 請请 幫帮 煩烦 謝谢 說说 話话 為为 與与 換换 體体 現现 開开 關关 閉闭 睜睁 長长 圓圆 寬宽 細细 濃浓 淺浅 輕轻 強强 減减 壯壮 銳锐 瘋疯 漢汉
氣气 憤愤 怒怒 難难 過过 傷伤 驚惊 訝讶 嚴严 肅肃 歡欢 樂乐 樣样 愛爱 醜丑 帥帅 溫温 柔柔 親亲 切切 兇凶 惡恶 殭僵 屍尸 鬼鬼 靈灵 龍龙 貓猫 獅狮 豬猪
馬马 鳥鸟 雞鸡 鴨鸭 魚鱼 鷹鹰 貝贝 環环 鏈链 飾饰 領领 結结 褲裤 裙裙 襯衬 衫衫 圍围 紋纹 雀雀 斑斑 疤疤 痣痣 皺皱 粧妆 妝妆 膚肤 齒齿 頰颊 額额
頸颈 鼻鼻 樑梁 雙双 瞳瞳 膠胶 剛刚 纔才 剪剪 對对 圖图 畫画 歷历 記记 錄录 復复 複复 做做 銷销 後后 幾几 種种 張张 萬万 兩两 數数 據据 時时 間间
從从 來来 開开 始始 當当 應应 該该 將将 則则 無无 須须 須须 並并 且且 邊边 側侧 處处 區区 場场 陽阳 陰阴 雲云 電电 燈灯 光光 亂乱 淨净 乾干 濕湿 滿满
會会 覺觉 認认 識识 學学 醫医 師师 員员 國国 總总 統统 軍军 騎骑 盜盗 術术 機机 動动 漫漫 維维 持持 別别 試试 調调 輔辅 極极 稍稍 許许 約约 倍倍 繼继 續续
選选 項项 單单 純纯 塗涂 擦擦 摘摘 脫脱 穿穿 掛挂 載载 傳传 轉转 達达 遠远 連连 麗丽 漂漂 亮亮 優优 雅雅 貴贵 聰聪 慧慧 壞坏 髒脏 舊旧 豐丰 飽饱 鬆松 蓬蓬
禿秃 髭髭 鬢鬓 劉刘 瀏浏 辮辫 捲卷 鬈鬈 麻麻 絲丝 順顺 滑滑 粗粗 厚厚 薄薄 稀稀 疏疏 爺爷 媽妈 們们 誰谁 啟启 製制 隱隐 顯显 夠够 歲岁 嬰婴 兒儿 孫孙
"""
_SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split() if len(pair) == 2})
_MARKS = str.maketrans({
    "，": ",", "、": "、", "；": ".", ";": ".", "。": ".", "！": ".", "!": ".", "？": ".", "?": ".", "…": ".", "：": ":", "～": "", "~": "",
    "（": ",", "）": ",", "(": ",", ")": ",", "\n": ".", "\r": ".", "—": ",", "％": "%", "＋": "+",
})  # fmt: skip
"""Two marks stay: a comma between clauses and the enumeration comma between words."""


def simplified(text: str) -> str:
    """Traditional characters of the words this grammar knows as simplified ones."""
    return text.translate(_SIMPLIFIED)


def clean(text: str) -> str:
    """Lower case, simplified, one form for each mark; quotes and symbols are spaces, formatting marks are gone."""
    unified = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].translate(_MARKS)).translate(_MARKS).lower()[:MAX_CHARACTERS]
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
