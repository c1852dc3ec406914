"""Wallets: use cases. What is in a wallet is an account of the book (artel/ledger/book), in each currency one.

A top-up is a payment without an order: the provider is asked between transactions (artel/payments), and its money comes
into the wallet in the transaction that takes down what the provider said.
"""

import msgspec

from artel.accounts import service as accounts
from artel.db import Database, Read, Write, emit
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.moments import span_us
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.kernel.secrets import new_token
from artel.ledger.book import model as book_model
from artel.ledger.book import room
from artel.ledger.book import service as book
from artel.ledger.book.model import (
    AccountFilter,
    Balance,
    KeyReused,
    Line,
    Posting,
    StatementQuery,
    TooMuchMoney,
    Transfer,
)
from artel.ledger.wallets import queries, rules
from artel.ledger.wallets.model import (
    Correction,
    Credited,
    CurrencyNeeded,
    Debited,
    EntriesQuery,
    Move,
    OfWithdrawal,
    Paid,
    Refused,
    ToppedUp,
    TopUpWanted,
    WalletQuery,
    Withdrawal,
    WithdrawalCancelled,
    WithdrawalFilter,
    WithdrawalPaid,
    WithdrawalRefused,
    WithdrawalRequested,
    WithdrawalRow,
    WithdrawalUnknown,
    WithdrawalWanted,
)
from artel.payments import service as payments
from artel.payments.model import Payable, Payment, PaymentRow, Wish
from artel.payments.service import Asked, Providers

# --- looking


async def balances(tx: Read, who: Actor, query: WalletQuery) -> Page[Balance]:
    """What is in the asker's wallets; of one that was never used nothing. One statement."""
    if query.currency is not None:
        return Page([await book.balance(tx, book_model.wallet(who.account_id, query.currency))])
    found = await book.list_accounts(tx, AccountFilter("wallet", _owner(who), None, query.limit, query.after))
    shown = [Balance(each.currency, each.posted_minor, each.held_minor, each.available_minor) for each in found.items]
    return Page(shown, found.next)


async def entries(tx: Read, who: Actor, query: EntriesQuery) -> Page[Line]:
    """The lines of the asker's wallet with the balance after each, the newest first. Three statements.

    Raises CurrencyNeeded, Malformed.
    """
    span_us(query.from_at, query.to_at)
    account_id = await find(tx, who, query.currency)
    if account_id is None:
        return Page([])
    return await book.statement(tx, account_id, StatementQuery(query.from_at, query.to_at, query.limit, query.after))


async def find(tx: Read, who: Actor, currency: str | None) -> int | None:
    """The asker's wallet in the currency, or the only one; None: it was never used. Raises CurrencyNeeded."""
    if currency is not None:
        return await book.find_account(tx, book_model.wallet(who.account_id, currency))
    found = (await book.list_accounts(tx, AccountFilter("wallet", _owner(who)))).items
    if len(found) > 1:
        known = ", ".join(sorted(each.currency for each in found))
        raise CurrencyNeeded(known=known)
    return found[0].id if found else None


def _owner(who: Actor) -> str:
    return book_model.wallet(who.account_id, "").owner


# --- topping up


async def ask(db: Database, who: Actor, body: TopUpWanted, request_key: str, providers: Providers) -> Asked:
    """Begin the payment, or find the one that this request began before, and ask its provider for the money.

    Raises TooMuchMoney, ProviderUnknown, MethodUnknown, MoneyNotReal, TooManyTopUps, KeyReused.
    """
    payment = await db.write(_begin, who, body, request_key, providers)
    return await payments.ask(providers, payment)


async def top_up(tx: Write, who: Actor, body: TopUpWanted, asked: Asked) -> Payment:
    """Put money into a wallet. A provider that has not answered yet leaves the payment pending: it goes on by itself.

    With an Idempotency-Key it is one payment, however often the request is repeated, and for ever.
    """
    await learn(tx, asked)
    (shown,) = await payments.shown(tx, [await payments.get(tx, asked.payment_id)])
    return shown


async def _begin(tx: Write, who: Actor, body: TopUpWanted, request_key: str, providers: Providers) -> PaymentRow:
    payable = Payable(None, who.account_id, [], body.amount_minor, body.currency, request_key or None)
    payment = await payments.begin(tx, payable, Wish(body.provider, body.method), providers)
    if (payment.amount_minor, payment.currency, payment.provider) != (body.amount_minor, body.currency, body.provider):
        raise KeyReused(key="Idempotency-Key")
    if payment.status == "pending" and payment.reference is None:  # nobody is asked for money that has no room
        await room.refuse_more(tx, book_model.wallet(payment.account_id, payment.currency), payment.amount_minor)
    return payment


async def learn(tx: Write, asked: Asked) -> None:
    """Take down what the provider of a top-up said."""
    await payments.name(tx, asked)
    if asked.truth:
        await take(tx, await payments.settle(tx, asked.payment_id, asked.truth))


async def take(tx: Write, settled: PaymentRow | None) -> None:
    """Put what was taken for a top-up into the wallet, or promise it back where there is no room for it."""
    if settled is None:
        return
    try:
        await room.refuse_more(tx, book_model.wallet(settled.account_id, settled.taken_currency), settled.taken_minor)
    except TooMuchMoney:
        await payments.promise_back(tx, settled, rules.NO_ROOM)
        return
    made = await book.post(tx, rules.topped_up(settled))
    of = (settled.account_id, settled.taken_minor, settled.taken_currency)
    await emit(tx, ToppedUp(*of, settled.id, made.id))


async def list_top_ups(tx: Read, who: Actor, query: Cut) -> Page[Payment]:
    """The asker's top-ups, the newest first. Two statements."""
    return await payments.top_ups(tx, who.account_id, query)


# --- by staff


async def credit(tx: Write, who: Actor, account_id: int, body: Correction, request_key: str) -> Transfer:
    """Give money to an account, and say why. Raises AccountUnknown, TooMuchMoney, KeyReused."""
    return await _correct(tx, who, account_id, body, 1, f"credit/{request_key or new_token()}")


async def debit(tx: Write, who: Actor, account_id: int, body: Correction, request_key: str) -> Transfer:
    """Take money that an account can spend, and say why. Raises AccountUnknown, NotEnoughMoney, KeyReused."""
    return await _correct(tx, who, account_id, body, -1, f"debit/{request_key or new_token()}")


async def _correct(tx: Write, who: Actor, account_id: int, body: Correction, sign: int, key: str) -> Transfer:
    await accounts.get(tx, SYSTEM, account_id)
    made = await book.post(tx, rules.corrected(account_id, body, sign, key, who.account_id or None))
    if made.new:
        tell = Credited if sign > 0 else Debited
        await emit(tx, tell(account_id, body.amount_minor, body.currency, made.id, body.note))
    return await book.get(tx, made.id)


# --- withdrawing


async def request(tx: Write, who: Actor, body: WithdrawalWanted, request_key: str) -> Withdrawal:
    """Ask for money out of a wallet: it cannot be spent from now on. Raises NotEnoughMoney, KeyReused.

    With an Idempotency-Key it is one withdrawal, however often the request is repeated, and for ever.
    """
    row = await tx.one(
        queries.REQUEST,
        account_id=who.account_id,
        amount_minor=body.amount_minor,
        currency=body.currency,
        destination=body.to,
        now_us=tx.now_us,
        request_key=request_key or None,
    )
    if row is None:
        return await _requested(tx, body, request_key)
    hold = await book.hold(tx, rules.promised(row))
    held = await tx.one(queries.HELD, withdrawal_id=row.id, of_hold=hold.id)
    assert held is not None, "it was just written"
    await emit(tx, _told(WithdrawalRequested, held))
    return rules.shown(held)


async def _requested(tx: Read, body: WithdrawalWanted, request_key: str) -> Withdrawal:
    row = await tx.one(queries.REQUESTED, request_key=request_key)
    assert row is not None, "whoever took the key has committed"
    if (row.amount_minor, row.currency, row.destination) != (body.amount_minor, body.currency, body.to):
        raise KeyReused(key="Idempotency-Key")
    return rules.shown(row)


async def cancel(tx: Write, who: Actor, withdrawal_id: int) -> Withdrawal:
    """Give up a withdrawal of one's own: the money can be spent again. Raises WithdrawalUnknown, WithdrawalMoved."""
    row = await _locked(tx, withdrawal_id)
    if row.account_id != who.account_id:
        raise WithdrawalUnknown(withdrawal_id=withdrawal_id)
    return await _give_up(tx, who, row, "cancel", row.note)


async def refuse(tx: Write, who: Actor, withdrawal_id: int, body: Refused) -> Withdrawal:
    """Staff will not send the money: it can be spent again. Raises WithdrawalUnknown, WithdrawalMoved."""
    return await _give_up(tx, who, await _locked(tx, withdrawal_id), "refuse", body.note)


async def pay(tx: Write, who: Actor, withdrawal_id: int, body: Paid) -> Withdrawal:
    """Staff sent the money: it is gone from the wallet. Raises WithdrawalUnknown, WithdrawalMoved."""
    row = await _locked(tx, withdrawal_id)
    status = rules.moved(row, "pay")
    assert row.hold_id is not None, "what is requested is held"
    to = Posting(book_model.payouts(row.currency), row.amount_minor)
    made = await book.settle_hold(
        tx, row.hold_id, [to], kind="wallet.withdrawn", note=body.note, by=who.account_id or None
    )
    new = msgspec.structs.replace(row, status=status, note=body.note, transfer_id=made.id)
    return await _settled(tx, who, new, WithdrawalPaid)


async def _give_up(tx: Write, who: Actor, row: WithdrawalRow, move: Move, note: str) -> Withdrawal:
    status = rules.moved(row, move)
    assert row.hold_id is not None, "what is requested is held"
    await book.void(tx, row.hold_id)
    new = msgspec.structs.replace(row, status=status, note=note)
    return await _settled(tx, who, new, WithdrawalRefused if move == "refuse" else WithdrawalCancelled)


async def _settled(tx: Write, who: Actor, new: WithdrawalRow, event: type[OfWithdrawal]) -> Withdrawal:
    row = await tx.one(
        queries.SETTLE,
        withdrawal_id=new.id,
        new_status=new.status,
        new_note=new.note,
        new_transfer_id=new.transfer_id,
        by=who.account_id or None,
        now_us=tx.now_us,
    )
    assert row is not None, "the row is locked since it was read"
    await emit(tx, _told(event, row))
    return rules.shown(row)


def _told(event: type[OfWithdrawal], row: WithdrawalRow) -> OfWithdrawal:
    return event(row.account_id, row.amount_minor, row.currency, row.id, row.note)


async def _locked(tx: Write, withdrawal_id: int) -> WithdrawalRow:
    row = await tx.one(queries.BY_ID_LOCKED, withdrawal_id=withdrawal_id)
    if row is None:
        raise WithdrawalUnknown(withdrawal_id=withdrawal_id)
    return row


async def list_own(tx: Read, who: Actor, query: WithdrawalFilter) -> Page[Withdrawal]:
    """The asker's withdrawals, the newest first. One statement."""
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        queries.LIST_OF_ACCOUNT,
        account_id=who.account_id,
        status=query.status or "",
        before_id=cut.key(NEWEST),
        row_limit=cut.limit + 1,
    )
    return page([rules.shown(row) for row in rows], cut, "id")


async def list_all(tx: Read, who: Actor, query: WithdrawalFilter) -> Page[Withdrawal]:
    """Everybody's withdrawals, the newest first, for the staff. One statement."""
    cut = Cut(query.limit, query.after)
    place = {"before_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if query.status is None:
        rows = await tx.all(queries.LIST, **place)
    else:
        rows = await tx.all(queries.LIST_OF_STATUS, status=query.status, **place)
    return page([rules.shown(row) for row in rows], cut, "id")
