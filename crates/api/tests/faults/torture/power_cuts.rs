//! Power cuts.

/// An event of a client, as it stands in the record of changes to files.
pub fn event_record(text: &[u8]) -> Vec<u8> {
    const EVENT: u32 = 100;
    let mut bytes = Vec::with_capacity(20 + text.len());
    bytes.extend(EVENT.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(text);
    bytes
}
