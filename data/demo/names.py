"""Invented names in Chinese and English: compounds, lanes, streets, communities, shops."""

from __future__ import annotations

from .plane import Dice

Name = tuple[str, str]


def _pairs(text: str) -> list[Name]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


ESTATES = _pairs(
    "翠湖 Cuihu 锦澜 Jinlan 兰亭 Lanting 柳岸 Liu'an 枫林 Fenglin 御景 Yujing 汇文 Huiwen "
    "金穗 Jinsui 碧云 Biyun 紫藤 Ziteng 望江 Wangjiang 听涛 Tingtao 荷塘 Hetang 春晓 Chunxiao "
    "秋实 Qiushi 晨光 Chenguang 暖阳 Nuanyang 安和 Anhe 康宁 Kangning 福泽 Fuze 瑞祥 Ruixiang "
    "同德 Tongde 惠民 Huimin 育才 Yucai 星河 Xinghe 澜庭 Lanting'yuan 梧桐 Wutong "
    "银杏 Yinxing 海棠 Haitang 玉兰 Yulan 丹桂 Dangui 竹溪 Zhuxi 松鹤 Songhe 云栖 Yunqi "
    "清和 Qinghe 明德 Mingde 泰和 Taihe 景行 Jingxing 桃源 Taoyuan 榆林 Yulin"
)
_SUFFIX_OLD = _pairs("小区 Estate 新村 Newvillage 里 Li 南里 Nanli 北里 Beili 家园 Homes")
_SUFFIX_NEW = _pairs("花园 Garden 家园 Homes 苑 Court 华庭 Residence 雅居 House 公馆 Mansion")
_WORKS = _pairs(
    "棉纺厂 Cotton-Mill 机床厂 Machine-Tool-Works 化肥厂 Fertiliser-Works 铁路 Railway "
    "粮食局 Grain-Bureau 供销社 Supply-Co-op 印刷厂 Printing-House "
    "二建公司 Second-Construction 电业局 Power-Bureau"
)
LANES = _pairs(
    "灯笼 Denglong 豆腐 Doufu 铜井 Tongjing 后仓 Houcang 马神 Mashen 琉璃 Liuli 剪子 Jianzi "
    "石榴 Shiliu 羊角 Yangjiao 箭杆 Jiangan 盐店 Yandian 染坊 Ranfang 茶叶 Chaye 笔管 Biguan "
    "水车 Shuiche 钱串 Qianchuan 油篓 Youlou 磨盘 Mopan 雀笼 Quelong 鞋帽 Xiemao 桂花 Guihua "
    "九曲 Jiuqu 半截 Banjie 福寿 Fushou"
)
ROADS = _pairs(
    "和顺 Heshun 青禾 Qinghe 惠风 Huifeng 双榆 Shuangyu 平安 Ping'an 民丰 Minfeng "
    "新桥 Xinqiao 永宁 Yongning 广济 Guangji 芳草 Fangcao 月牙 Yueya 石桥 Shiqiao 水磨 Shuimo "
    "东篱 Dongli 西塘 Xitang 长乐 Changle 花市 Huashi 棋盘 Qipan 丰盛 Fengsheng 霞光 Xiaguang "
    "百花 Baihua 景明 Jingming 朝晖 Zhaohui 望海 Wanghai"
)
STREETS = _pairs("北渡 Beidu 钟鼓 Zhonggu 柳堤 Liudi 云帆 Yunfan 槐荫 Huaiyin 铁北 Tiebei")
COMMUNITIES = _pairs(
    "柳堤 Liudi 学府 Xuefu 北苑 Beiyuan 书香 Shuxiang 河湾 Hewan 渡口 Dukou 清源 Qingyuan "
    "文庙 Wenmiao 钟楼 Zhonglou 斜桥 Xieqiao 旧市 Jiushi 铜井 Tongjing 南薰 Nanxun "
    "织锦 Zhijin 纺南 Fangnan 西关 Xiguan 麦田 Maitian 站前 Zhanqian 窑上 Yaoshang "
    "铁南 Tienan 安居 Anju 望川 Wangchuan 北岸 Bei'an 虹桥 Hongqiao 仓上 Cangshang "
    "云帆 Yunfan 东篱 Dongli 槐荫 Huaiyin 药王 Yaowang 东关 Dongguan 人和 Renhe 公园 Gongyuan "
    "文昌 Wenchang 双榆 Shuangyu 湿地 Shidi 朝晖 Zhaohui 新桥 Xinqiao 平川 Pingchuan "
    "砖窑 Zhuanyao 南里 Nanli 永宁 Yongning 和顺 Heshun 民丰 Minfeng 长乐 Changle"
)
SHOPS = _pairs(
    "好邻 Haolin 万家 Wanjia 顺意 Shunyi 乐购 Legou 四季 Siji 老街坊 Laojiefang 佳和 Jiahe "
    "小红帽 Xiaohongmao 百顺 Baishun 天天 Tiantian 清风 Qingfeng 鑫源 Xinyuan 康乐 Kangle "
    "味之源 Weizhiyuan 阿婆 Apo 胖嫂 Pangsao 三禾 Sanhe 晨曦 Chenxi 福满 Fuman 双喜 Shuangxi "
    "云朵 Yunduo 巧手 Qiaoshou 丽人 Liren 如意 Ruyi"
)


class Register:
    """Hands out names so that none is given twice."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._taken: set[str] = set()
        self._queues: dict[int, list[Name]] = {}

    def _fresh(self, name: Name) -> bool:
        new = name[0] not in self._taken
        self._taken.add(name[0])
        return new

    def compound(self, year: int) -> Name:
        """Return the name of a housing compound built about ``year``."""
        while True:
            if year < 1995 and self._dice.chance(0.25):
                name = _staff_housing(self._dice.pick(_WORKS))
            else:
                word, suffix = (
                    self._dice.pick(ESTATES),
                    self._dice.pick(_SUFFIX_OLD if year < 1998 else _SUFFIX_NEW),
                )
                name = (word[0] + suffix[0], f"{word[1]} {suffix[1]}".replace("Newv", "New V"))
            if self._fresh(name):
                return name

    def next_of(self, words: list[Name], suffix: str, suffix_en: str) -> Name:
        """Return the next unused word of a list with its suffix; once used up, east, west, back."""
        queue = self._queues.setdefault(id(words), self._dice.shuffled(words))
        turn = 0
        while True:
            part, part_en = (("", ""), ("东", " East"), ("西", " West"), ("后", " Back"))[turn]
            for word, word_en in queue:
                name = (word + part + suffix, f"{word_en}{part_en} {suffix_en}")
                if self._fresh(name):
                    return name
            turn += 1


def _staff_housing(works: Name) -> Name:
    return works[0] + "家属院", works[1].replace("-", " ") + " Staff Housing"
