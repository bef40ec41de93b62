//! The blocks of code of a chapter.

/// A fenced block.
pub(crate) struct Block {
    /// Line of its first fence, from 1.
    pub(crate) line: usize,
    /// What follows the fence.
    pub(crate) language: String,
    /// The file that the reader saves it as: `<!-- file: NAME -->` on the line above it.
    pub(crate) file: Option<String>,
    pub(crate) text: String,
}

/// All blocks, in the order of the text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut above) = (Vec::new(), "");
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```"));
            let text: String = body.flat_map(|line| [line, "\n"]).collect();
            let file = above.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->"));
            let (language, file) = (language.to_owned(), file.map(str::to_owned));
            blocks.push(Block { line: index + 1, language, file, text });
        }
        above = line;
    }
    blocks
}
