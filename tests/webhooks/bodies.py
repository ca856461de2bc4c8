"""Webhook bodies after the provider's pages, and their signatures, made without the SDK."""

import hashlib
import hmac
import json
from collections.abc import Mapping

KEY = "snd_webhook-key-0123456789abcdef"

PAYIN = {
    "id": "0f8c7e1a-5d2b-4c1e-9a53-6d1f0b7c2e44",
    "merchant_id": "7c1d2e3f-0a1b-4c2d-8e3f-0123456789ab",
    "status": "SUCCESS",
    "amount": 100,
    "original_amount": 100.1,
    "amount_type": "AUD",
    "transaction": "payin_0123456789abcdef0123456789abcdef",
    "transaction_date": "2024-03-19T07:19:43.000Z",
    "payment_method": "au_bank_npp",
    "order_reference": "order/1",
    "customer_full_name": "홍길동 O'Neil",
    "reply_code": "",
    "brand": "",
    "currency": "FIAT",
    "credit_type": "PAYIN",
    "payer_id": "customer_0123456789abcdef0123456789abcdef",
    "recon_id": "",
    "order_reference_1": "",
    "order_reference_2": "",
    "platform_identifier": "",
    "trx_type": "DIRECT_PAYIN",
    "customer_email": "hong@example.kr",
    "customer_phone": "",
    "customer_personal_number": "",
    "fee_taken": 1.5,
    "fee_expected": 1.5,
    "charge_back": 0,
    "rolling_serve": 0,
    "retrieval": 0,
    "is_black_list": 0,
    "ip_address": "",
    "billing_address_country": "",
    "billing_address_city": "",
    "billing_address_zip_code": "",
    "billing_address": "",
    "bin": "",
    "is_3ds": None,
    "created_at": "2024-03-19T07:19:43.000Z",
    "updated_at": "2024-03-19T07:19:43.000Z",
    "deleted_at": None,
    "payment_date": None,
    "type": "PAYIN",
}
PAYOUT = {
    "id": "5e0d1c2b-3a49-4f58-8e67-76859403a2b1",
    "merchant_id": "7c1d2e3f-0a1b-4c2d-8e3f-0123456789ab",
    "status": "SUCCESS",
    "wire_id": "w_txn_0123456789abcdef0123456789abcdef",
    "order_id": None,
    "due_date": "2024-03-19T07:19:43.000Z",
    "last_action": None,
    "original_amount": "50",
    "payee_name": "Jane Doe",
    "currency": "NZD",
    "beneficiary": "Jane Doe",
    "beneficiary_bank": "nz_bank_directcredit_nzd",
    "beneficiary_account_number": None,
    "beneficiary_account_iban": None,
    "wire_origin": None,
    "conversion": None,
    "approval": "APPROVED",
    "created_at": "2024-03-19T07:19:43.000Z",
    "updated_at": "2024-03-19T07:19:43.000Z",
    "approved_at": None,
    "denied_at": None,
    "pending_at": None,
    "type": "PAYOUT",
}
VIRTUAL_ACCOUNT = {"id": "va_1", "status": "APPROVED", "bank_name": "KDB산업은행", "account_number": "110-1"}


def written(data: object) -> bytes:
    """As `JSON.stringify` writes it, for data without numbers that JavaScript writes in another way."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def signature(body: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def signed(body: bytes, key: str = KEY) -> Mapping[str, str]:
    """The headers of a webhook with this body."""
    return {"Content-Type": "application/json", "X-Signature": signature(body, key)}
