//! What waits in the buffers of the kernel, for exercise 10. Only Linux says it in a file.

use std::fs;

/// Says how many bytes wait between the server's port and a client's, at its end and at the client's. Empty if the
/// connection is not found.
pub fn describe(server: u16, client: Option<u16>) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let find = |local, remote, column| {
        tables.iter().flat_map(|table| table.lines()).find_map(|line| queue(line, local, remote, column))
    };
    let both = client.and_then(|client| Some((find(server, client, 0)?, find(client, server, 1)?)));
    let Some((to_send, to_read)) = both else { return Vec::new() };
    vec![
        format!(
            "{} KiB wait in the kernel at the server’s end, not sent or not acknowledged,",
            to_send >> 10
        ),
        format!("{} KiB in the kernel at your client’s end, not read", to_read >> 10),
    ]
}

/// The bytes that wait on the socket of this line, in the queue to send (0) or to read (1), if it has these ports.
/// In `/proc/net/tcp` a socket is a line: `0: 0100007F:0BB8 0100007F:E1F2 01 00000000:00000000 …`.
fn queue(line: &str, local: u16, remote: u16, column: usize) -> Option<u64> {
    let mut fields = line.split_whitespace().skip(1);
    let is_port = |field: &str, port| {
        field.rsplit(':').next().is_some_and(|hex| u16::from_str_radix(hex, 16) == Ok(port))
    };
    let is_it = is_port(fields.next()?, local) && is_port(fields.next()?, remote);
    let queues = fields.nth(1)?;
    u64::from_str_radix(queues.split(':').nth(column)?, 16).ok().filter(|_| is_it)
}
