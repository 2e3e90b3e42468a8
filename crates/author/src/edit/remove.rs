//! Something that goes from a mapping or from a list.

use std::ops::Range;

use mixaccess_config::layout::{FileLayout, Shape, Style, Value};

use super::{Edit, Stuck, column, line_start, line_stop, next_line};

/// Takes the key at a place out of a mapping that has others. Of a mapping by indentation its lines go,
/// with the comments that belong to it.
pub(crate) fn remove_field(layout: &FileLayout, mapping: &Value, at: usize) -> Result<Edit, Stuck> {
    if mapping.is_anchored {
        return Err(Stuck::Shared);
    }
    let Shape::Mapping { style, fields } = &mapping.shape else { return Err(Stuck::Unusual) };
    let range = |at: usize| {
        let field = fields.get(at)?;
        Some(field.key_range.start..field.value.range.end.max(field.key_range.end))
    };
    remove_part(layout, mapping, *style, range, at)
}

/// Takes an item out of a list; an empty list stays.
pub(crate) fn remove_item(layout: &FileLayout, list: &Value, at: usize) -> Result<Edit, Stuck> {
    if list.is_anchored {
        return Err(Stuck::Shared);
    }
    match &list.shape {
        Shape::List { style, items } => {
            if items.len() == 1 {
                let text = "[]".to_owned();
                return Ok(Edit::new(list.range.clone(), text));
            }
            let range = |at: usize| items.get(at).map(|item| item.range.clone());
            remove_part(layout, list, *style, range, at)
        }
        Shape::Scalar { .. } => Ok(Edit::new(list.range.clone(), "[]".to_owned())),
        Shape::Alias => Err(Stuck::Shared),
        Shape::Nothing | Shape::Mapping { .. } => Err(Stuck::Unusual),
    }
}

fn remove_part(
    layout: &FileLayout,
    whole: &Value,
    style: Style,
    range: impl Fn(usize) -> Option<Range<usize>>,
    at: usize,
) -> Result<Edit, Stuck> {
    let part = range(at).ok_or(Stuck::Unusual)?;
    if style == Style::Block {
        return Ok(remove_lines(layout, &part));
    }
    let before = at.checked_sub(1).and_then(&range);
    let range = match (before, range(at + 1)) {
        (Some(before), _) => before.end..part.end,
        (None, Some(next)) => part.start..next.start,
        (None, None) => {
            let text = if matches!(whole.shape, Shape::List { .. }) { "[]" } else { "{}" };
            return Ok(Edit::new(whole.range.clone(), text.to_owned()));
        }
    };
    // A comment between two parts belongs to one of them, and cannot be told to which.
    match layout.text.get(range.clone()) {
        Some(gone) if !gone.contains('\n') => Ok(Edit::new(range, "")),
        _ => Err(Stuck::Unusual),
    }
}

/// Takes whole lines out: those of a key and its value, the comments right above them, and the deeper
/// ones right below. Of the empty lines around them as many stay as stood above.
pub(crate) fn remove_lines(layout: &FileLayout, part: &Range<usize>) -> Edit {
    let text = &layout.text;
    let depth = column(text, part.start);
    let mut from = line_start(text, part.start);
    while let Some(above) = from.checked_sub(1).map(|end| line_start(text, end)) {
        let line = text.get(above..line_stop(text, above)).unwrap_or_default();
        let comment = line.trim_start_matches('\u{feff}').trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() != depth || depth == 0 {
            break;
        }
        from = above;
    }
    let mut to = next_line(text, part.end.max(part.start));
    while to < text.len() {
        let line = text.get(to..line_stop(text, to)).unwrap_or_default();
        let comment = line.trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() <= depth {
            break;
        }
        to = next_line(text, to);
    }
    let is_empty = |at: usize| text.get(at..line_stop(text, at)).is_some_and(str::is_empty);
    let stands_apart = from == 0 || is_empty(line_start(text, from.saturating_sub(1)));
    if stands_apart && to < text.len() && is_empty(to) {
        to = next_line(text, to);
    } else if to >= text.len() {
        // Nothing stays empty at the end of a file.
        while from > 0 && is_empty(line_start(text, from - 1)) {
            from = line_start(text, from - 1);
        }
    }
    Edit::new(from..to, String::new())
}
