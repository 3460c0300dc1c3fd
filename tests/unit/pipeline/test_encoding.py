import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decoding import SourceDefaults, decode_json
from pipeline.encoding import encode_json
from pipeline.event_time import LATEST
from pipeline.mention import Author, Kind, Mention, Rejected

NO_SURROGATES = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
SHORT = st.text(NO_SURROGATES, max_size=12)
NAMES = st.text(NO_SURROGATES, min_size=1, max_size=12)
COUNTS = st.integers(0, 2**53)

MENTIONS = st.builds(
    Mention,
    id=NAMES,
    source=NAMES,
    event_time=st.integers(0, LATEST - 1),
    ingested_at=st.just(5),
    text=st.text(NO_SURROGATES, min_size=1, max_size=60).filter(lambda text: not text.isspace()),
    channel=SHORT,
    kind=st.sampled_from(Kind),
    author=st.builds(
        Author,
        id=SHORT,
        handle=SHORT,
        name=SHORT,
        followers=st.none() | COUNTS,
    ),
    url=SHORT,
    language=st.sampled_from(["", "en", "de", "nl", "id"]),
    rating=st.none() | st.floats(1, 5),
    reach=COUNTS,
    engagement=COUNTS,
    conversation_id=SHORT,
    in_reply_to=SHORT,
    owned=st.booleans(),
    brand=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20),
)


@settings(deadline=None, max_examples=300)
@given(MENTIONS)
def test_what_is_encoded_is_decoded_as_the_same_mention(mention: Mention) -> None:
    encoded = encode_json(mention)
    assert b"\n" not in encoded
    json.loads(encoded)
    read = decode_json(
        encoded, origin="x:1", defaults=SourceDefaults("other"), now=None, ingested_at=5
    )
    assert not isinstance(read, Rejected), read.detail
    assert read == mention
