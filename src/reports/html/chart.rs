//! Charts as SVG that stands in the page: nothing is loaded, and each says in words what it draws. Colours come from the page's
//! style by class, so that a chart is right on paper and in the dark as well.

use crate::text::thousands;

/// A chart, and the same in words.
#[derive(Debug, serde::Serialize)]
pub(super) struct Chart {
    /// The element.
    svg: String,
    /// What it draws.
    words: String,
}

/// How a number went, oldest first: a line above its area, with the first, the greatest and the last number.
pub(super) fn line(numbers: &[usize], words: String) -> Chart {
    const WIDTH: usize = 560;
    const HEIGHT: usize = 150;
    const TOP: usize = 22;
    const SIDE: usize = 12;
    let greatest = numbers.iter().copied().max().unwrap_or(0).max(1);
    let (steps, floor) = (numbers.len().saturating_sub(1).max(1), HEIGHT - 18);
    let x = |at: usize| SIDE + at * (WIDTH - 2 * SIDE) / steps;
    let y = |number: usize| floor - number * (floor - TOP) / greatest;
    let points: Vec<String> =
        numbers.iter().enumerate().map(|(at, number)| format!("{},{}", x(at), y(*number))).collect();
    let mut svg = open(WIDTH, HEIGHT, &words);
    let (first, last) = (x(0), x(numbers.len().saturating_sub(1)));
    svg.push_str(&format!(
        "<path class=\"area\" d=\"M{first},{floor} L{} L{last},{floor} Z\"/><polyline class=\"line\" points=\"{}\"/>\
         <line class=\"axis\" x1=\"{SIDE}\" y1=\"{floor}\" x2=\"{}\" y2=\"{floor}\"/>",
        points.join(" L"),
        points.join(" "),
        WIDTH - SIDE,
    ));
    for (at, anchor) in [(0, "start"), (numbers.len().saturating_sub(1), "end")] {
        let Some(number) = numbers.get(at) else { continue };
        svg.push_str(&format!(
            "<circle class=\"dot\" cx=\"{0}\" cy=\"{1}\" r=\"3.5\"/><text x=\"{0}\" y=\"{2}\" text-anchor=\"{anchor}\">{3}</text>",
            x(at),
            y(*number),
            y(*number).saturating_sub(9).max(12),
            thousands(*number),
        ));
        if numbers.len() == 1 {
            break;
        }
    }
    svg.push_str("</svg>");
    Chart { svg, words }
}

/// One bar of a chart.
pub(super) struct Bar<'a> {
    pub(super) label: &'a str,
    pub(super) number: usize,
    /// The class that colours it.
    pub(super) class: &'a str,
}

/// Bars below each other, each with its label and its number: none has to be told by its colour.
pub(super) fn bars(bars: &[Bar<'_>], words: String) -> Chart {
    const WIDTH: usize = 420;
    const ROW: usize = 26;
    const LABEL: usize = 110;
    const NUMBER: usize = 60;
    let greatest = bars.iter().map(|bar| bar.number).max().unwrap_or(0).max(1);
    let mut svg = open(WIDTH, bars.len() * ROW, &words);
    for (at, bar) in bars.iter().enumerate() {
        let (top, middle) = (at * ROW + 4, at * ROW + 18);
        let width = (bar.number * (WIDTH - LABEL - NUMBER) / greatest).max(usize::from(bar.number > 0) * 2);
        svg.push_str(&format!(
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{}\" x=\"{LABEL}\" y=\"{top}\" width=\"{width}\" height=\"{}\" rx=\"2\"/>\
             <text class=\"number\" x=\"{}\" y=\"{middle}\">{}</text>",
            LABEL - 10,
            bar.label,
            bar.class,
            ROW - 8,
            LABEL + width + 8,
            thousands(bar.number),
        ));
    }
    svg.push_str("</svg>");
    Chart { svg, words }
}

/// The words are ours: nothing of an estate is in them.
fn open(width: usize, height: usize, words: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{words}\">"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_well_formed_whatever_the_numbers() {
        for numbers in [&[][..], &[0], &[0, 0], &[1, 0, 5_000_000]] {
            let chart = line(numbers, "Open findings".to_owned());
            roxmltree::Document::parse(&chart.svg).unwrap_or_else(|error| panic!("{error}: {}", chart.svg));
        }
        let chart = bars(
            &[Bar { label: "high", number: 3, class: "high" }, Bar { label: "low", number: 0, class: "low" }],
            String::new(),
        );
        let document = roxmltree::Document::parse(&chart.svg).unwrap();
        let widths: Vec<&str> =
            document.descendants().filter_map(|node| node.attribute("rx").and(node.attribute("width"))).collect();
        assert_eq!(widths, ["250", "0"]);
    }
}
