//! Fields of a message that is not whole yet: prost reads whole messages only, and a list comes item by item.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of a 64-bit number at seven bits each.
const LONGEST_VARINT: usize = 10;

/// A field of which only the head needs to be there.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// Its number.
    pub(super) number: u64,
    /// Bytes before the payload.
    pub(super) head: usize,
    /// Bytes of the payload.
    pub(super) payload: usize,
}

/// A field's head, or a number in it, that breaks the rules of protobuf.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed;

impl Field {
    /// Reads a field's head; None where it is not whole. See protobuf.dev/programming-guides/encoding.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let Some((tag, head)) = varint(bytes)? else { return Ok(None) };
        let (head, payload) = match tag & 7 {
            1 => (head, 8),
            5 => (head, 4),
            form @ (0 | 2) => {
                let Some((value, length)) = varint(&bytes[head..])? else { return Ok(None) };
                let payload = if form == 2 { usize::try_from(value).map_err(|_| Malformed)? } else { 0 };
                (head + length, payload)
            }
            _ => return Err(Malformed),
        };
        Ok(Some(Self { number: tag >> 3, head, payload }))
    }

    /// Takes the field out of a buffer that begins with it; None where it is not whole.
    pub(super) fn take(&self, buffer: &mut BytesMut) -> Option<Bytes> {
        if buffer.len() - self.head < self.payload {
            return None;
        }
        buffer.advance(self.head);
        Some(buffer.split_to(self.payload).freeze())
    }
}

/// A number of variable length, and how many bytes it takes; None where it is not whole.
fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Malformed> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(LONGEST_VARINT) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() < LONGEST_VARINT { Ok(None) } else { Err(Malformed) }
}
