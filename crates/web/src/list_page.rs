//! A rendered page of the list with two gaps: where the notice goes, and where the key of the add form goes.
//!
//! What stands in the gaps is made anew for each person and each request; all the rest is the same for as long as the
//! list is, so it can be kept, compressed form included. For that, a gzip member is put together from blocks (RFC
//! 1951): those of the parts between the gaps, each compressed on its own, and stored ones for what goes into the gaps.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::domain::idempotency_key::IdempotencyKey;
use crate::process::in_flight::{InFlight, Overloaded, Share};

/// What goes into the gaps of a [`ListPage`].
#[derive(Clone, Debug)]
pub struct Fresh {
    /// HTML, or nothing.
    pub notice: String,
    /// The key of the add form.
    pub key: IdempotencyKey,
}

impl Fresh {
    /// What stands in the gaps until something else does: as good as unguessable, so that no task's text can hold it.
    #[must_use]
    pub fn placeholders() -> Self {
        Self {
            notice: IdempotencyKey::random().as_str().to_owned(),
            key: IdempotencyKey::random(),
        }
    }
}

/// A page and where its gaps are.
#[derive(Debug)]
pub struct ListPage {
    /// As it was rendered, with what stood in the gaps.
    html: Bytes,
    gaps: [Range<usize>; 2],
    deflated: OnceLock<[Deflated; 3]>,
    share: Option<Share>,
}

/// Whole blocks of compressed data, ending at a byte's end.
#[derive(Debug)]
struct Deflated {
    blocks: Bytes,
    crc: Crc,
}

impl ListPage {
    /// A page that was rendered with `placeholders` in its gaps; none when they are not there in this order.
    #[must_use]
    pub fn new(html: String, placeholders: &Fresh) -> Option<Self> {
        let gap = |text: &str, from: usize| {
            let start = from + html.get(from..)?.find(text)?;
            Some(start..start + text.len())
        };
        let notice = gap(&placeholders.notice, 0)?;
        let key = gap(placeholders.key.as_str(), notice.end)?;
        Some(Self {
            html: html.into(),
            gaps: [notice, key],
            deflated: OnceLock::new(),
            share: None,
        })
    }

    /// The page, counted in both its forms for as long as anybody has it. The compressed one is the shorter one.
    ///
    /// # Errors
    /// [`Overloaded`] where there is no memory for it.
    pub fn counted(mut self, in_flight: InFlight) -> Result<Self, Overloaded> {
        self.share = Some(in_flight.take(2 * self.rendered_len())?);
        Ok(self)
    }

    /// The length as it was rendered, in bytes.
    #[must_use]
    pub fn rendered_len(&self) -> usize {
        self.html.len()
    }

    /// What stands between the gaps.
    fn parts(&self) -> [Bytes; 3] {
        let [notice, key] = &self.gaps;
        [
            self.html.slice(..notice.start),
            self.html.slice(notice.end..key.start),
            self.html.slice(key.end..),
        ]
    }

    /// The whole page.
    #[must_use]
    pub fn html(self: &Arc<Self>, fresh: &Fresh) -> Pieces {
        let [before, between, after] = self.parts();
        let notice = Bytes::copy_from_slice(fresh.notice.as_bytes());
        let key = Bytes::copy_from_slice(fresh.key.as_str().as_bytes());
        Pieces::new(self, [before, notice, between, key, after])
    }

    /// The whole page as one gzip member (RFC 1952). What can be kept of it is compressed once.
    ///
    /// # Errors
    /// When what goes into a gap is longer than 65,535 bytes.
    pub fn gzip(self: &Arc<Self>, fresh: &Fresh) -> io::Result<Pieces> {
        /// Deflate, no name, no time, fastest algorithm, unknown system.
        const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];

        let [before, between, after] = self.deflated()?;
        let notice = stored(fresh.notice.as_bytes())?;
        let key = stored(fresh.key.as_str().as_bytes())?;
        let mut crc = Crc::new();
        for part in [before, &notice, between, &key, after] {
            crc.combine(&part.crc);
        }
        let mut trailer = Vec::with_capacity(8);
        trailer.extend_from_slice(&crc.sum().to_le_bytes());
        trailer.extend_from_slice(&crc.amount().to_le_bytes());
        let pieces = [
            Bytes::from_static(&HEADER),
            before.blocks.clone(),
            notice.blocks,
            between.blocks.clone(),
            key.blocks,
            after.blocks.clone(),
            trailer.into(),
        ];
        Ok(Pieces::new(self, pieces))
    }

    /// Compresses what can be kept compressed, once.
    ///
    /// # Errors
    /// None is known.
    pub fn compress(&self) -> io::Result<()> {
        self.deflated().map(|_| ())
    }

    fn deflated(&self) -> io::Result<&[Deflated; 3]> {
        if let Some(deflated) = self.deflated.get() {
            return Ok(deflated);
        }
        let [before, between, after] = self.parts();
        let deflated = [
            deflate(&before, false)?,
            deflate(&between, false)?,
            deflate(&after, true)?,
        ];
        Ok(self.deflated.get_or_init(|| deflated))
    }
}

fn deflate(text: &[u8], last: bool) -> io::Result<Deflated> {
    let mut crc = Crc::new();
    crc.update(text);
    let out = Vec::with_capacity(text.len() / 6 + 64);
    let mut encoder = DeflateEncoder::new(out, Compression::fast());
    encoder.write_all(text)?;
    let blocks = if last {
        encoder.finish()?
    } else {
        encoder.flush()?;
        // What `finish` would add ends the whole member, so only what is there by now is taken.
        encoder.get_ref().clone()
    };
    Ok(Deflated {
        blocks: blocks.into_boxed_slice().into(),
        crc,
    })
}

/// One stored block that is not the last; nothing for nothing.
fn stored(data: &[u8]) -> io::Result<Deflated> {
    let mut crc = Crc::new();
    crc.update(data);
    let mut blocks = Vec::new();
    if !data.is_empty() {
        let length = u16::try_from(data.len()).map_err(io::Error::other)?;
        blocks.push(0);
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(data);
    }
    Ok(Deflated {
        blocks: blocks.into(),
        crc,
    })
}

/// A body whose parts are shared with others: what a thousand people are sent is in memory once.
#[derive(Debug)]
pub struct Pieces {
    pieces: VecDeque<Bytes>,
    /// Counts what the pieces are parts of.
    _page: Arc<ListPage>,
}

impl Pieces {
    fn new<const N: usize>(page: &Arc<ListPage>, pieces: [Bytes; N]) -> Self {
        Self {
            pieces: VecDeque::from(pieces),
            _page: Arc::clone(page),
        }
    }

    fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        while self.pieces.front().is_some_and(Bytes::is_empty) {
            self.pieces.pop_front();
        }
        Poll::Ready(self.pieces.pop_front().map(Ok))
    }
}

#[cfg(test)]
mod tests;
