"""Units: the tree that targets are handed down through.

A unit is identified by its code and its validity, because the statistics office reuses codes. Nothing here knows
how many levels there are: what a unit may do follows from its own columns and those of its kind, which are rows too.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model


class UnitKind(Model):
    """A kind of unit (district, commune, department, office …) and how it is spoken of."""

    __tablename__ = "unit_kind"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    # the heading of the annex group its units stand in, and the group's place in the annex
    group_name: Mapped[str] = mapped_column(String(200))
    group_name_en: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    # how its aggregate is called: "toàn huyện", "toàn tỉnh"
    whole: Mapped[str] = mapped_column(String(50), default="")
    whole_en: Mapped[str] = mapped_column(String(50), default="")
    # how receivers of this kind are named together in a decision: "các huyện, thành phố"
    plural: Mapped[str] = mapped_column(String(200), default="")
    # the body that decides for a unit of this kind ("Ủy ban nhân dân"); empty where it issues no decisions
    body: Mapped[str] = mapped_column(String(100), default="")


class Unit(Model):
    """A unit with its place in the tree, from ``valid_from`` to ``valid_to`` (inclusive; none means still valid)."""

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
        Index("ix_unit_parent_id_position", "parent_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    kind_code: Mapped[str] = mapped_column(ForeignKey("unit_kind.code"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    # ids from the root down to the unit itself, "1/12/130/": a subtree is a prefix, at any depth
    path: Mapped[str] = mapped_column(String(200), index=True)
    position: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    may_allocate: Mapped[bool] = mapped_column(default=False)
    # what its documents print
    place: Mapped[str] = mapped_column(String(100), default="")
    symbol: Mapped[str] = mapped_column(String(32), default="")

    kind: Mapped[UnitKind] = relationship(lazy="joined", innerjoin=True)
    parent: Mapped[Unit | None] = relationship(remote_side=[id])

    @property
    def body_name(self) -> str:
        """The deciding body in running text: "Ủy ban nhân dân huyện Bắc Sơn"; the unit's own name where it has none."""
        return f"{self.kind.body} {self.name[:1].lower()}{self.name[1:]}" if self.kind.body else self.name

    @property
    def ancestor_ids(self) -> tuple[int, ...]:
        """Ids from the root down to the parent."""
        return tuple(int(part) for part in self.path.split("/") if part)[:-1]

    def is_within(self, other: Unit) -> bool:
        """Whether this unit is ``other`` or lies below it."""
        return self.path.startswith(other.path)
