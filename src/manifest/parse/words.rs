//! What is wrong with a text that is no YAML, in plain words.

use granit_parser::ErrorKind;

/// The words for tabs that indent.
pub(super) const TABS: &str = "tabs cannot indent: use blanks";

/// The words for what people commonly get wrong; None where the engine's own have to do.
pub(super) fn plain(kind: &ErrorKind) -> Option<&'static str> {
    use ErrorKind::{
        BlockSequenceEntryNotAllowed, BomInsideDocument, CommentNotSeparated, ExpectedBlockMappingKey,
        ExpectedBlockSequenceEntry, ExpectedFlowMappingSeparator, ExpectedFlowSequenceSeparator, ExpectedNodeContent,
        InvalidBlockEntryWhitespace, InvalidColonPlacement, InvalidIndentation, InvalidQuotedScalarIndent,
        InvalidSimpleKey, InvalidTrailingDoubleQuotedScalar, InvalidTrailingSingleQuotedScalar, MappingKeyNotAllowed,
        MappingValueNotAllowed, MismatchedFlowCollectionEnd, MisplacedFlowCollectionEnd, RecursionLimitExceeded,
        SimpleKeyExpected, TabAtBlockScalarStart, TabInBlockIndentation, TabInIndentation, TabNotAllowed,
        UnclosedFlowCollection, UnclosedQuotedScalar, UndeclaredTagHandle, UnexpectedCharacter,
        UnexpectedEofFlowMapping, UnexpectedEofFlowSequence, UnknownQuotedScalarEscape,
    };
    Some(match kind {
        TabInIndentation | TabInBlockIndentation | TabNotAllowed | TabAtBlockScalarStart => TABS,
        SimpleKeyExpected | InvalidSimpleKey => "a key needs a colon behind it",
        ExpectedBlockMappingKey | InvalidIndentation => {
            "this is indented otherwise than the lines above: keys of one map stand below each other"
        }
        ExpectedBlockSequenceEntry => "here the next item of the list is expected, which begins with a dash",
        MappingValueNotAllowed | InvalidColonPlacement => {
            "a colon makes no key here: indent it as the lines above, quote text that has a colon in it, or close a bracket above"
        }
        MappingKeyNotAllowed => "no key can begin here",
        BlockSequenceEntryNotAllowed => "no list can begin here: put its dash on a line of its own",
        InvalidBlockEntryWhitespace => "a dash needs a blank behind it",
        UnclosedQuotedScalar => "this quote has no end",
        InvalidTrailingDoubleQuotedScalar | InvalidTrailingSingleQuotedScalar => {
            "nothing can stand behind the closing quote: quote the whole value, or none of it"
        }
        InvalidQuotedScalarIndent => "a quote above has no end, or this line of its text is not indented",
        UnknownQuotedScalarEscape => "this \\ is no escape: write \\\\ for one, or use single quotes",
        UnclosedFlowCollection { open: '{' } | UnexpectedEofFlowMapping => "this { has no } that closes it",
        UnclosedFlowCollection { .. } | UnexpectedEofFlowSequence => "this [ has no ] that closes it",
        ExpectedFlowMappingSeparator => "here , or } is expected",
        ExpectedFlowSequenceSeparator => "here , or ] is expected",
        MisplacedFlowCollectionEnd => "this closes nothing that is open",
        MismatchedFlowCollectionEnd { open: '{', .. } => "what { opened is closed by }",
        MismatchedFlowCollectionEnd { .. } => "what [ opened is closed by ]",
        ExpectedNodeContent => "here a value is expected",
        CommentNotSeparated => "a comment needs a blank before its #",
        UnexpectedCharacter { character: '@' | '`' } => "a value cannot begin with this character: quote it",
        UnexpectedCharacter { character: '%' } => "a value cannot begin with %: quote it",
        UndeclaredTagHandle => "a value cannot begin with !: quote it",
        RecursionLimitExceeded => "maps and lists lie too deep in each other",
        BomInsideDocument => "a byte order mark stands in the middle: remove it",
        _ => return None,
    })
}
