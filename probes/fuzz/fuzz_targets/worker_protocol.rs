//! What Nagios sends to a worker, cut anywhere: never more is held than is bounded, and a message does not depend on the cuts. Its command
//! lines: words that were read are what a shell would have made of them, so that quoted anew they are the same words.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::resident::command_line::{Line, read};
use probes::resident::worker_protocol::{Decoder, Message};

fn messages(pieces: &[&[u8]]) -> Vec<Message> {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(message) = decoder.next_message() {
            found.push(message);
        }
    }
    found
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let at = usize::from(*cut).min(data.len());
    let whole = messages(&[data]);
    assert_eq!(whole, messages(&[&data[..at], &data[at..]]));
    for message in whole {
        if let Message::Job(request) = message
            && let Line::Words(words) = read(&request.command)
        {
            let quoted: Vec<u8> = words
                .iter()
                .map(|word| {
                    [b"'".to_vec(), word.split(|b| *b == b'\'').collect::<Vec<_>>().join(&b"'\\''"[..]), b"'".to_vec()]
                        .concat()
                })
                .collect::<Vec<_>>()
                .join(&b' ');
            assert_eq!(read(&quoted), Line::Words(words));
        }
    }
});
