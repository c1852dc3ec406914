"""GET /api/v1/me as most people would build it: FastAPI, pydantic, SQLAlchemy's asynchronous ORM."""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["BENCH_DATABASE"])
make_session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()
bearer = HTTPBearer()


class Base(DeclarativeBase):
    type_annotation_map: Any = {int: BigInteger}


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str]
    name: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    roles: Mapped[str]
    created_us: Mapped[int]
    updated_us: Mapped[int]
    deleted_us: Mapped[int]
    version: Mapped[int]


class LogIn(Base):
    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    token_hash: Mapped[bytes]
    expires_us: Mapped[int]


class AccountOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    login: str
    name: str
    first_name: str
    last_name: str
    email: str
    roles: str
    created_us: int
    updated_us: int
    version: int


async def db() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


Db = Annotated[AsyncSession, Depends(db)]


async def log_in(db: Db, credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> LogIn:
    found = await db.scalar(
        select(LogIn)
        .join(Account, LogIn.account_id == Account.id)
        .where(
            LogIn.token_hash == hashlib.sha256(credentials.credentials.encode()).digest(),
            LogIn.expires_us > time.time_ns() // 1000,
            Account.deleted_us == 0,
        )
    )
    if found is None:
        raise HTTPException(401)
    return found


@app.get("/api/v1/me")
async def me(db: Db, who: Annotated[LogIn, Depends(log_in)], response: Response) -> AccountOut:
    account = await db.get(Account, who.account_id)
    if account is None:
        raise HTTPException(404)
    response.headers["etag"] = f'"{account.version}"'
    return AccountOut.model_validate(account)
