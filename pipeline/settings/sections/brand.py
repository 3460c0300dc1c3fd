"""[[brands]]: whom the talk is about."""

from pydantic import Field

from pipeline.settings.sections.section import Count, Section, Words


class BrandSection(Section):
    """One brand: what it is called, what it is not, and where it lives."""

    name: str = Field(
        default="", description="the brand's name, in messages and as the key of its state"
    )
    aliases: Words = Field(default=(), description="other words that mean the brand")
    handles: Words = Field(default=(), description="accounts people address, such as @klm")
    own_accounts: Words = Field(
        default=(), description="accounts that speak for the brand: kept, never counted"
    )
    exclusions: Words = Field(
        default=(),
        description='phrases that hold an alias but mean something else, such as "river delta"',
    )
    languages: Words = Field(
        default=("en",), description="languages spoken about it, two letters each"
    )
    zone: str = Field(default="UTC", description="zone of the hours of the day its talk follows")
    watch_reach: Count | None = Field(
        default=None,
        description="reach from which one mention is worth a look; not used by this version",
    )
