"""A webhook as the provider sends it: the fields of its page "Webhook PAYIN SUCCESS", in the form its sample signs."""

import json
from collections.abc import Mapping
from typing import Final

_EVENT: Final[Mapping[str, object]] = {
    "id": "5f0c2f3e-7d9a-4b51-9e55-0c6a1b2d3e4f",
    "merchant_id": "0d4be7a1-6b52-4c0e-8f3a-9b1c2d3e4f50",
    "status": "SUCCESS",
    "amount": 128500,
    "original_amount": 128500,
    "amount_type": "KRW",
    "transaction": "txn_8c1d0e9f2a3b4c5d6e7f",
    "transaction_date": "2026-11-20T04:12:09.000000Z",
    "payment_method": "kr_va_bank",
    "order_reference": "order-2026-0048213",
    "customer_full_name": "김서연",
    "reply_code": "00",
    "brand": "",
    "currency": "FIAT",
    "credit_type": "PAYIN",
    "payer_id": "payer_2b8e6f0a",
    "recon_id": "recon_77120",
    "order_reference_1": "",
    "order_reference_2": "",
    "platform_identifier": "hangang-trading",
    "trx_type": "DIRECT_PAYIN",
    "customer_email": "seoyeon.kim@hangang-trading.example",
    "customer_phone": "821048213975",
    "customer_personal_number": "",
    "fee_taken": 1285,
    "fee_expected": 1285,
    "charge_back": 0,
    "rolling_serve": 0,
    "retrieval": 0,
    "is_black_list": 0,
    "ip_address": "",
    "billing_address_country": "KR",
    "billing_address_city": "Seoul",
    "billing_address_zip_code": "06236",
    "billing_address": "서울특별시 강남구 테헤란로 152",
    "bin": "",
    "is_3ds": None,
    "created_at": "2026-11-20T04:11:02.000000Z",
    "updated_at": "2026-11-20T04:12:10.000000Z",
    "deleted_at": None,
    "payment_date": None,
    "type": "PAYIN",
}

WEBHOOK: Final = json.dumps(_EVENT, ensure_ascii=False, separators=(",", ":")).encode()


def headers(signature: str) -> dict[str, str]:
    """As a server behind a proxy sees them."""
    return {
        "Host": "shop.example",
        "Content-Type": "application/json",
        "Content-Length": str(len(WEBHOOK)),
        "Accept": "*/*",
        "User-Agent": "axios/1.7.2",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Signature": signature,
    }
