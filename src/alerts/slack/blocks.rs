//! A notice as Slack's blocks, within Slack's limits. Foreign text is escaped, so that it neither calls people nor
//! makes links; what Slack would find in it by itself it is told to leave alone.

use serde_json::{Value, json};

use crate::alerts::phrase;
use crate::model::{Effect, Notice};
use crate::text::harmless;

/// Of the 50 blocks of a message the others are taken by what is around the effects.
pub(super) const MOST_EFFECTS: usize = 40;

const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3000;
const LONGEST_CONTEXT: usize = 1500;

/// The whole message. `text` is what notifications and screen readers show.
pub(super) fn message(notice: &Notice) -> Value {
    let mut blocks = vec![header(&notice.title)];
    blocks.extend(rest(notice));
    envelope(&escaped(&format!("[{}] {}", notice.severity, notice.title), LONGEST_CONTEXT), &blocks)
}

/// What the first message of a thread becomes once all of it is over.
pub(super) fn over(notice: &Notice) -> Value {
    let title = escaped(&notice.title, LONGEST_CONTEXT);
    let mut blocks = vec![section(&format!("*Over* · ~{title}~"))];
    blocks.extend(rest(notice));
    envelope(&format!("Over: {title}"), &blocks)
}

fn envelope(text: &str, blocks: &[Value]) -> Value {
    json!({ "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

fn rest(notice: &Notice) -> Vec<Value> {
    let lead: Vec<String> = phrase::lead(notice).iter().map(|text| escaped(text, LONGEST_SECTION)).collect();
    let mut blocks: Vec<Value> = lead.iter().map(|text| section(text)).collect();
    let listed = notice.effects.len().min(MOST_EFFECTS - lead.len().saturating_sub(5));
    blocks.extend(notice.effects.iter().take(listed).map(|effect| section(&told(effect))));
    let more = [phrase::and_more(notice, listed).unwrap_or_default(), linked(&notice.more)];
    let more: Vec<String> = more.into_iter().filter(|text| !text.is_empty()).collect();
    if !more.is_empty() {
        blocks.push(section(&more.join(" · ")));
    }
    let footer = escaped(&phrase::footer(notice), LONGEST_CONTEXT);
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&footer)] }));
    blocks
}

fn told(effect: &Effect) -> String {
    let head = escaped(&phrase::head(effect), 200);
    let mut lines = vec![format!("*{head}* — {}", escaped(&phrase::sentence(effect), 1000))];
    let more = [phrase::remedy(effect), phrase::particulars(effect)];
    lines.extend(more.iter().filter(|line| !line.is_empty()).map(|line| escaped(line, 800)));
    // A cut link would be none: it comes only where there is room.
    let link = linked(&effect.link);
    let length: usize = lines.iter().map(|line| units(line) + 1).sum();
    if !link.is_empty() && length + units(&link) <= LONGEST_SECTION {
        lines.push(link);
    }
    lines.join("\n")
}

fn linked(text: &str) -> String {
    match phrase::web_link(text) {
        Some(address) => format!("<{}|Read on>", address.replace('&', "&amp;")),
        None if text.is_empty() => String::new(),
        None => escaped(text, 300),
    }
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// `verbatim` keeps Slack from making links and mentions of plain words.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A header is plain text, to which Slack applies no markup; what only looks like a mention is broken up all the same.
fn header(title: &str) -> Value {
    let title = phrase::clean(&title.replace('<', "‹").replace('>', "›"), LONGEST_HEADER);
    let title = if title.is_empty() { "keyroll".to_owned() } else { title };
    json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } })
}

/// Foreign text as Slack wants it, at most `most` long after escaping, never cut within an escape. Asterisks and tildes,
/// with which a name could strike our words through, are replaced by others that look like them.
fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for letter in harmless(text).chars() {
        let mut buffer = [0; 4];
        let form = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '*' => "∗",
            '~' => "∼",
            other => other.encode_utf8(&mut buffer),
        };
        length += units(form);
        if length >= most {
            out.push('…');
            break;
        }
        out.push_str(form);
    }
    out
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_call_nobody() {
        let text = escaped("<!channel> & <@U1> ~over~ *x*\u{202e}", 200);
        assert_eq!(text, "&lt;!channel&gt; &amp; &lt;@U1&gt; ∼over∼ ∗x∗\u{fffd}");
        assert!(!header("<!here> x").to_string().contains('<'));
    }

    #[test]
    fn an_escape_is_never_cut() {
        for most in 1..30 {
            let text = escaped(&"<&>".repeat(20), most);
            assert!(units(&text) <= most, "{text}");
            let rest = text.replace("&lt;", "").replace("&amp;", "").replace("&gt;", "");
            assert_eq!(rest, "…");
        }
    }
}
