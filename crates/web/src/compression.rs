//! Middleware that compresses whole bodies. actix's own middleware streams them, which with a delayed acknowledgement
//! makes a page take 40 ms.

use std::io::{self, Write};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use actix_web::middleware::Next;
use bytes::Bytes;

/// Bodies shorter than this fit into one packet anyway, in bytes.
const MIN: u64 = 1000;
/// Bodies longer than this are not compressed here, in bytes: it takes more than a millisecond each time.
pub const MAX_COMPRESSED: usize = 128 * 1024;

/// A content coding (RFC 9110) we can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        })
    }
}

/// Middleware: compresses text for clients that take it.
///
/// # Errors
/// Those of the handlers.
pub async fn compress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let coding = choose(request.headers());
    let response = next.call(request).await?;
    if !is_text(response.headers()) {
        return Ok(response.map_into_boxed_body());
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept-encoding"));
    let worthwhile = match body.size() {
        BodySize::Sized(length) => {
            (MIN..=MAX_COMPRESSED as u64).contains(&length)
                && !response.headers().contains_key(CONTENT_ENCODING)
        }
        BodySize::None | BodySize::Stream => false,
    };
    let Some(coding) = coding.filter(|_| worthwhile) else {
        return Ok(ServiceResponse::new(
            request,
            response.set_body(body.boxed()),
        ));
    };
    let body = to_bytes(body)
        .await
        .map_err(|error| Error::from(error.into()))?;
    let body = match encode(coding, &body) {
        Ok(encoded) => {
            response
                .headers_mut()
                .insert(CONTENT_ENCODING, coding.name());
            encoded
        }
        Err(_) => body,
    };
    Ok(ServiceResponse::new(
        request,
        response.set_body(body.boxed()),
    ))
}

fn encode(coding: Coding, body: &[u8]) -> io::Result<Bytes> {
    let out = Vec::with_capacity(body.len() / 4);
    match coding {
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
            encoder.write_all(body)?;
            encoder.finish().map(Bytes::from)
        }
        Coding::Brotli => {
            const QUALITY: u32 = 3;
            const WINDOW_BITS: u32 = 18;
            let mut encoder = brotli::CompressorWriter::new(out, 4096, QUALITY, WINDOW_BITS);
            encoder.write_all(body)?;
            Ok(Bytes::from(encoder.into_inner()))
        }
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.starts_with("text/")
        || value.starts_with("application/json")
        || value.starts_with("image/svg+xml")
}

/// Whether the client takes gzip, and likes nothing better.
#[must_use]
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let Weights { brotli, gzip } = weights(headers);
    gzip > 0.0 && gzip >= brotli
}

/// The coding the client likes best; brotli where it likes both the same.
fn choose(headers: &HeaderMap) -> Option<Coding> {
    let Weights { brotli, gzip } = weights(headers);
    if brotli > 0.0 && brotli >= gzip {
        Some(Coding::Brotli)
    } else {
        (gzip > 0.0).then_some(Coding::Gzip)
    }
}

/// How much the client likes each coding: 0 is not at all.
struct Weights {
    brotli: f32,
    gzip: f32,
}

/// Reads `Accept-Encoding` (RFC 9110, section 12.5.3).
fn weights(headers: &HeaderMap) -> Weights {
    let values = headers
        .get_all(ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok());
    let (mut brotli, mut gzip, mut any) = (None, None, None);
    for item in values.flat_map(|value| value.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let slot = match parts
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "br" => &mut brotli,
            "gzip" | "x-gzip" => &mut gzip,
            "*" => &mut any,
            _ => continue,
        };
        let weight = parts.find_map(|parameter| parameter.strip_prefix("q="));
        *slot = Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)));
    }
    let or_any = |weight: Option<f32>| weight.or(any).unwrap_or_default();
    Weights {
        brotli: or_any(brotli),
        gzip: or_any(gzip),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;

    #[test]
    fn the_client_chooses() {
        for (accept, coding) in [
            ("", None),
            ("identity", None),
            ("deflate, zstd", None),
            ("gzip", Some(Coding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("br;q=0.5, gzip;q=0.8", Some(Coding::Gzip)),
            ("br;q=0, gzip", Some(Coding::Gzip)),
            ("br;q=0, gzip;q=0.0", None),
            ("*", Some(Coding::Brotli)),
            ("*;q=0", None),
            ("gzip;q=x", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(choose(&headers), coding, "{accept}");
        }
        assert_eq!(choose(&HeaderMap::new()), None);
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        let body = "Milk & honey 🍯 ".repeat(5000);
        let (mut gzip, mut brotli) = (String::new(), String::new());
        let encoded = encode(Coding::Gzip, body.as_bytes()).unwrap();
        flate2::read::GzDecoder::new(&encoded[..])
            .read_to_string(&mut gzip)
            .unwrap();
        let encoded = encode(Coding::Brotli, body.as_bytes()).unwrap();
        brotli::Decompressor::new(&encoded[..], 4096)
            .read_to_string(&mut brotli)
            .unwrap();
        assert_eq!([gzip, brotli], [body.clone(), body]);
    }
}
