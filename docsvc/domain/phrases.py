"""The small change of official Chinese: dates, numbers, citations, lists, and words for codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from docsvc.domain.errors import TemplateFaultError

Row = Mapping[str, str]  # label, value

DIGITS: Final = "零一二三四五六七八九"
RULE: Final = "＿"  # what ruled blanks are made of
STOPS: Final = ("。", "；", "！", "？")

# Words for the codes of case JSON: closed tables, where the schema or a rule knows all codes, and open ones, where
# a caller may write a text of their own instead of a code.
OPEN: Final = frozenset({"gender", "channel"})
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "party.type": {
        "enterprise": "企业",
        "individual_business": "个体工商户",
        "natural_person": "自然人",
        "other_org": "其他组织",
    },
    "gender": {"男": "男", "女": "女", "male": "男", "female": "女"},
    "channel": {
        "sms_link": "短信链接",
        "sms": "短信",
        "email": "电子邮件",
        "fax": "传真",
        "platform": "政务服务平台",
        "app": "移动应用",
        "wechat": "微信",
    },
    "mode": {"individual": "个别约谈", "group": "集中约谈", "joint": "联合约谈"},
    "choice": {"accept": "接受约谈", "decline": "不接受约谈"},
    "method": {
        "direct": "直接送达",
        "left": "留置送达",
        "electronic": "电子送达",
        "post": "邮寄送达",
        "entrusted": "委托送达",
        "transfer": "转交送达",
        "announcement": "公告送达",
    },
    "way": {"onsite": "实地回访", "phone": "电话回访", "online": "线上回访"},
    "corrected": {"corrected": "已改正", "partly": "部分改正", "not": "未改正", "na": "不涉及改正"},
    "offset_result": {"no_fine": "不予罚款", "mitigate": "减轻罚款", "lighter": "从轻罚款"},
    "medium": {"video": "录像", "audio": "录音", "photo": "照片", "data": "电子数据"},
    "harm": {"none": "没有造成危害后果", "slight": "危害后果轻微", "serious": "危害后果较重"},
    "measure": {
        "commitment": "轻微违法行为告知承诺",
        "advice": "行政建议",
        "reminder": "行政提示",
        "interview": "行政约谈",
        "interview_notice": "行政约谈",
        "interview_record": "行政约谈",
        "public_service_offset": "公益抵罚",
        "credit_repair": "信用修复",
        "no_penalty": "轻微违法行为不予处罚",
        "other": "其他柔性执法措施",
    },
    # 舟政办发〔2023〕47号 二(三)3: the three cases in which flexible enforcement ends, verbatim.
    "reason": {
        "1": "行政相对人撤回申请或者要求适用一般程序的",
        "2": (
            "实施柔性执法所适用的法律法规或者政策依据已经失效，"
            "或者继续实施柔性执法将损害社会公共利益、他人合法权益的"
        ),
        "3": "其他需要终止柔性执法的情形",
    },
    "sub": {
        "withdraw": "撤回申请",
        "general_procedure": "要求适用一般程序",
        "withdraw_or_general_procedure": "撤回申请或者要求适用一般程序",
        "basis_invalid": "依据已经失效",
        "basis_lapsed": "依据已经失效",
        "public_interest": "损害社会公共利益、他人合法权益",
        "public_interest_or_third_party": "损害社会公共利益、他人合法权益",
        "third_party": "损害他人合法权益",
        "other": "其他情形",
    },
}


def row(label: str, value: Any) -> Row:
    """One row of a table of facts."""
    return {"label": label, "value": str(value)}


def rows_of(data: Mapping[str, Any], **labels: str) -> list[Row]:
    """A row for each labelled field that `data` has."""
    return [row(label, data[key]) for key, label in labels.items() if data.get(key)]


def word(table: str, code: Any) -> str:
    """The Chinese word for a code of case JSON; in an open table, a text that is no code stands for itself.

    Raises TemplateFaultError for a code of a closed table that has no word: it must not reach a document.
    """
    text = str(code)
    found = WORDS[table].get(text, text if table in OPEN else None)
    if found is None:
        raise TemplateFaultError(f"代码“{code}”（{table}）没有中文用语，不能写入文书")
    return found


def date(value: str | dt.date | None) -> str:
    """2026年9月22日: Arabic figures, no padding (GB/T 9704-2012 7.3.5.4). Empty for None."""
    if value is None:
        return ""
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日"


def moment(value: str | None) -> str:
    """2026年9月16日9时30分, as a record writes it; the full hour is 9时00分; seconds where they are told. Empty for
    None.
    """
    if value is None:
        return ""
    at = dt.datetime.fromisoformat(value)
    return f"{date(at.date())}{at.hour}时{at.minute or '00'}分" + (f"{at.second}秒" if at.second else "")


def numeral(n: int) -> str:
    """Chinese numeral of 0 … 9999, as law texts write terms: 六十, 一百零五.

    Raises ValueError outside that range.
    """
    if not 0 <= n <= 9999:  # noqa: PLR2004 - four digits are all that a term of days or months can need
        raise ValueError(n)
    if n < len(DIGITS):
        return DIGITS[n]
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // unit % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + name
        gap = not digit
    return text.removeprefix("一") if text.startswith("一十") else text


def citation(law: Mapping[str, Any]) -> str:
    """《中华人民共和国价格法》第十三条; a note stands in parentheses after it."""
    note = law.get("note")
    return f"《{str(law['law']).strip('《》')}》{law.get('article') or ''}" + (f"（{note}）" if note else "")


def citations(laws: Sequence[Mapping[str, Any]]) -> str:
    """Citations joined with 、."""
    return "、".join(citation(law) for law in laws)


def ended(text: str, stop: str = "。") -> str:
    """`text` with `stop`, unless it is empty or ends with a stop of its own."""
    return text if not text or text.endswith(STOPS) else text + stop


def listed(items: Sequence[str]) -> list[str]:
    """Numbered items as sentences of one enumeration: ；after each but the last, which gets 。"""
    last = len(items) - 1
    return [f"{i + 1}.{ended(item, '。' if i == last else '；')}" for i, item in enumerate(items)]


def paragraphs(text: str) -> list[str]:
    """The non-empty lines of a free text: each becomes a paragraph of its own."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def person(data: Mapping[str, Any]) -> str:
    """王测乙（协办，执法证号TEST33099900002）; what is not known is left out."""
    facts = [*([data["role"]] if data.get("role") else []), *certificate(data)]
    return f"{data['name']}（{'，'.join(facts)}）" if facts else str(data["name"])


def certificate(data: Mapping[str, Any]) -> list[str]:
    """The certificate number with its label, or nothing."""
    return [f"执法证号{data['cert_no']}"] if data.get("cert_no") else []


def remedies_of(remedies: Mapping[str, Any]) -> dict[str, Any]:
    """The remedies of a decision, their terms in words."""
    reconsideration, litigation = remedies["reconsideration"], remedies["litigation"]
    return {
        "reconsideration": {
            "days": f"{numeral(reconsideration['days'])}日",
            "body": reconsideration["body"],
            "online_channel": reconsideration.get("online_channel") or "",
        },
        "litigation": {"months": f"{numeral(litigation['months'])}个月", "court": litigation["court"]},
    }


CAPITALS: Final = str.maketrans("零一二三四五六七八九十百千", "零壹贰叁肆伍陆柒捌玖拾佰仟")


def money(yuan: int) -> str:
    """150元（大写：壹佰伍拾元整): whole yuan as amounts are written where money is due (支付结算办法 附一)."""
    high, low = divmod(yuan, 10_000)
    words = f"{_amount(high)}万" if high else ""
    words += ("零" if high and 0 < low < 1000 else "") + _amount(low) if low or not high else ""  # noqa: PLR2004
    return f"{yuan}元（大写：{words.translate(CAPITALS)}元整）"


def _amount(n: int) -> str:
    """In a sum of money, ten is 一十."""
    text = numeral(n)
    return f"一{text}" if text.startswith("十") else text
