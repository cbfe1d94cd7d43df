package markdown_test

import (
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/markdown"
)

// longest is the length of the longest message.
const longest = 10_000

// bombs are texts of 10,000 characters that are expensive for naive parsers.
func bombs() map[string]string {
	list := map[string]string{}
	for _, part := range []string{
		">", "> ", ">\n", "- ", "* ", "1. ", "- - * + ", "-\n", "a\n- ", "> - ", "#", "# a\n", "a\n=\n", "|", "|a|b|\n|-|-|\n", "| ",
		"*", "_", "**", "*a", "*a ", "**a ", "a*", "a_ ", "*a_ ", "*a _b ", "_a **b ", "*a **a ", "a**b", "**x* ", "*a_ **b__ ", "***a** ", "a***", "_a__b",
		"[", "]", "![", "[a](", "[a](b", "[a](<b", "[a](b \"", "[a](b '", "[a](b (", "[a][", "[a][b]", "![a](", "[a](https://x.org)", "[[a](https://x.org)](b", "[![a](https://x.org)](https://y.org)",
		"[a]: ", "[a]: b\n", "[a]:\n", "[a]: <b", "[a]: b '", "[\\", "[](", "()", "[a](()", "[a](\\(", "[[]](", "[ (](",
		"`", "`a", "``a`", "` ``", "\\``\n", "[\\```\n", "\\``", "\\```\n[a](<b&", "[\\```\n&amp;[a]()", "```\n", "~~~a\n", "`a``b```c````d", "\\", "\\\n", "&", "&#", "&amp;", "&#x202e;", "&lt;",
		"<", "<a", "<!--", "<![CDATA[", "<?", "</", "<a href=\"", "<https:", "<https://x", "<a@", "<a@b.c>", "<@" + ben + ">", "<a ",
		":", "://", "http://", "https://x", "https://x/(", "https://x/[(", "https://x/) ", "http://a:b", "https://[", "https://%", "https://x.org\n", "https://x.org ", "*https://x* ",
		"@", "@a", "@a ", "@a.", "@ben ", "\u202e", "\u2067a", "\u202ea*b*", "\u202e`a`", "é", "\x00", "\t", " ", "\n", " \n", "\t- ", "    a\n", "  - a\n", "\r", "\r\n", "---\n", "***\n", "1) a\n2. b\n",
	} {
		list[part] = strings.Repeat(part, longest/len([]rune(part))+1)
	}
	pairs := func(open, middle, end string) {
		n := (longest - len(middle)) / (len(open) + len(end))
		list[open+middle+end] = strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	pairs("[", "a", "](https://x.org)")
	pairs("![", "a", "](https://x.org)")
	pairs("*", "a", "*")
	pairs("**", "a", "**")
	pairs("*a ", "b", " c*")
	pairs("_*", "a", "*_")
	pairs("(", "a", ")")
	pairs("[", "a", "]")
	pairs("<", "a", ">")
	pairs("*a ", "", "b_ ")
	pairs("[a](", "", ")")
	pairs("`", "a", "``")
	deeper := func(name string, line func(depth int) string) {
		var b strings.Builder
		for depth := 0; b.Len() < longest; depth++ {
			b.WriteString(line(depth) + "\n")
		}
		list[name] = b.String()
	}
	deeper("deeper list", func(d int) string { return strings.Repeat("  ", d) + "- a" })
	deeper("deeper quote", func(d int) string { return strings.Repeat(">", d) + "a" })
	deeper("deeper ordered list", func(d int) string { return strings.Repeat("   ", d) + "1. a" })
	deeper("longer code", func(d int) string { return strings.Repeat("`", d) + "a" })
	deeper("quotes and paragraphs", func(d int) string { return strings.Repeat("> ", 20*(d%2)) + "a" })
	list["references"] = strings.Repeat("[a]: https://x.org\n\n", 100) + strings.Repeat("[a]", (longest-2_000)/3)
	list["long label"] = "[" + strings.Repeat("a", 990) + "]: https://x.org\n\n" + strings.Repeat("["+strings.Repeat("a", 990)+"]", 9)
	for name, text := range list {
		list[name] = string([]rune(text)[:min(len([]rune(text)), longest)])
	}
	return list
}

// TestBombsAreRenderedInTime measures each text several times; a busy machine
// delays some of them only.
func TestBombsAreRenderedInTime(t *testing.T) {
	const limit, tries = 50 * time.Millisecond, 10
	slowest, name := time.Duration(0), ""
	for bomb, text := range bombs() {
		best := time.Hour
		for try := 0; try < tries && best > limit/4; try++ {
			start := time.Now()
			markdown.Render(text, markdown.Options{})
			best = min(best, time.Since(start))
		}
		if best > limit {
			t.Errorf("%q: %v", bomb, best)
		}
		if best > slowest {
			slowest, name = best, bomb
		}
		checkSafe(t, markdown.Render(text, markdown.Options{}))
	}
	t.Logf("slowest: %v for %q", slowest, name)
}
