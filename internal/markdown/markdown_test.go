package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/markdown"
)

const (
	ben  = "665f1a2b3c4d5e6f70819202"
	role = "665f1a2b3c4d5e6f70819299"
)

// render resolves the mentions of a community with the member ben, the role Gold
// members and the name all.
func render(source string) string {
	mentions := map[int]markdown.Mention{}
	for _, t := range markdown.Inspect(source).Mentions {
		if t.ID == ben {
			mentions[t.Start] = markdown.Mention{Length: t.Length(""), Label: "ben", User: ben}
		}
		for _, name := range t.Names {
			m, ok := map[string]markdown.Mention{"ben": {Label: "ben", User: ben}, "Gold members": {Label: "Gold members", Role: role}, "all": {Label: "all"}}[name]
			if ok {
				m.Length = t.Length(name)
				mentions[t.Start] = m
				break
			}
		}
	}
	return markdown.Render(source, markdown.Options{Mentions: mentions})
}

const (
	rel     = ` rel="nofollow noopener"`
	spanBen = `<span class="mention" data-user="` + ben + `">@ben</span>`
)

func TestTextsAreRendered(t *testing.T) {
	for source, want := range map[string]string{
		"":      "",
		"hello": "<p>hello</p>",
		"Welcome @ben, see https://club.example/rules": `<p>Welcome ` + spanBen + `, see <a href="https://club.example/rules"` + rel + `>https://club.example/rules</a></p>`,
		"**a** *b* `c`":             "<p><strong>a</strong> <em>b</em> <code>c</code></p>",
		"one\ntwo  \nthree\\\n4":    "<p>one<br>\ntwo<br>\nthree<br>\n4</p>",
		"- a\n- b":                  "<ul>\n<li>a</li>\n<li>b</li>\n</ul>",
		"3. a":                      "<ol start=\"3\">\n<li>a</li>\n</ol>",
		"> a":                       "<blockquote>\n<p>a</p>\n</blockquote>",
		"# a":                       "<h1>a</h1>",
		"```go\na < b\n```":         "<pre><code class=\"language-go\">a &lt; b\n</code></pre>",
		"a & b &amp; &lt; &#60;":    "<p>a &amp; b &amp; &lt; &lt;</p>",
		"<b>bold</b>":               "<p>&lt;b&gt;bold&lt;/b&gt;</p>",
		"<div>\n*a*\n</div>":        "<p>&lt;div&gt;<br>\n<em>a</em><br>\n&lt;/div&gt;</p>",
		"<!-- a -->":                "<p>&lt;!-- a --&gt;</p>",
		"<script>alert(1)</script>": "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
		"a\x00b":                    "<p>a\ufffdb</p>",
	} {
		if diff := cmp.Diff(want, render(source)); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
}

func TestLinksAreWebAndMailAddressesOnly(t *testing.T) {
	a := func(href, label string) string { return `<a href="` + href + `"` + rel + `>` + label + `</a>` }
	for source, want := range map[string]string{
		"[a](https://x.org)":                     a("https://x.org", "a"),
		"[a](HTTPS://x.org)":                     a("https://x.org", "a"),
		"[a](mailto:a@x.org)":                    a("mailto:a@x.org", "a"),
		"<a@x.org>":                              a("mailto:a@x.org", "a@x.org"),
		"<https://x.org>":                        a("https://x.org", "https://x.org"),
		`[a](https://x.org "t<\"")`:              `<a href="https://x.org" title="t&lt;&#34;"` + rel + `>a</a>`,
		"[a](javascript:alert(1))":               "a",
		"[a](JaVaScRiPt:alert(1))":               "a",
		"[a](&#106;avascript:alert)":             "a",
		"[a](java\tscript:alert)":                "[a](java\tscript:alert)",
		"[a](data:text/html,b)":                  "a",
		"[a](vbscript:b)":                        "a",
		"[a](//x.org)":                           "a",
		"[a](/x)":                                "a",
		"[a](x)":                                 "a",
		"[a](#x)":                                "a",
		"[a](https:)":                            "a",
		"[a](https:///x)":                        "a",
		"[a](ftp://x.org)":                       "a",
		"[a](https://[x)":                        "a",
		"<javascript:alert(1)>":                  "javascript:alert(1)",
		"<ftp://x.org/a&amp;b>":                  "ftp://x.org/a&amp;amp;b",
		"![a](https://x.org/i.png)":              a("https://x.org/i.png", "a"),
		"![](https://x.org/i.png)":               a("https://x.org/i.png", "https://x.org/i.png"),
		"![a](javascript:b)":                     "a",
		"![a](i.png)":                            "a",
		"[](https://x.org)":                      a("https://x.org", "https://x.org"),
		"[![a](https://i.org)](https://x.org)":   a("https://x.org", "a"),
		"![a [b](https://i.org)](https://x.org)": a("https://x.org", "a b"),
		"[a https://i.org](https://x.org)":       a("https://x.org", "a https://i.org"),
		"[a *https://i.org*](https://x.org)":     a("https://x.org", "a <em>https://i.org</em>"),
		"[a https://i.org](x)":                   "a " + a("https://i.org", "https://i.org"),
		"[a][b]\n\n[b]: https://x.org":           a("https://x.org", "a"),
		"see https://x.org.":                     "see " + a("https://x.org", "https://x.org") + ".",
		"(https://x.org/a_(b))":                  "(" + a("https://x.org/a_(b)", "https://x.org/a_(b)") + ")",
		"[https://x.org]":                        "[" + a("https://x.org", "https://x.org") + "]",
		"**https://x.org**":                      "<strong>" + a("https://x.org", "https://x.org") + "</strong>",
		"_https://x.org_":                        "<em>" + a("https://x.org", "https://x.org") + "</em>",
		"https://x.org/a_b_c?d=e&f=g":            a("https://x.org/a_b_c?d=e&amp;f=g", "https://x.org/a_b_c?d=e&amp;f=g"),
		"見てhttps://x.org/あ。次":                    "見て" + a("https://x.org/%E3%81%82", "https://x.org/あ") + "。次",
		"\"https://x.org\"":                      "&#34;" + a("https://x.org", "https://x.org") + "&#34;",
		"HTTPS://x.org":                          a("https://x.org", "HTTPS://x.org"),
		"http://localhost:3333/a":                a("http://localhost:3333/a", "http://localhost:3333/a"),
		"http://[::1]/a":                         "http://[::1]/a",
		"xhttps://x.org":                         "xhttps://x.org",
		"https://":                               "https://",
		"https://)x":                             "https://)x",
		"https\\://x.org":                        "https://x.org",
		"`https://x.org`":                        "<code>https://x.org</code>",
		"ftp://x.org www.x.org a@x.org":          "ftp://x.org www.x.org a@x.org",
		"https://x.org/<b>":                      a("https://x.org/", "https://x.org/") + "&lt;b&gt;",
		"https://x.org https://y.org":            a("https://x.org", "https://x.org") + " " + a("https://y.org", "https://y.org"),
	} {
		if diff := cmp.Diff("<p>"+want+"</p>", render(source)); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
}

func TestMentionsAreFoundOutsideCode(t *testing.T) {
	spanRole := `<span class="mention" data-role="` + role + `">@Gold members</span>`
	for source, want := range map[string]string{
		"@ben":                       spanBen,
		"@ben.":                      spanBen + ".",
		"(@ben)":                     "(" + spanBen + ")",
		"_@ben_":                     "<em>" + spanBen + "</em>",
		"**@ben**":                   "<strong>" + spanBen + "</strong>",
		"<@" + ben + ">":             spanBen,
		"<@" + role + ">":            "&lt;@" + role + "&gt;",
		"@Gold members, hi":          spanRole + ", hi",
		"@all: hi @ben @ben":         `<span class="mention">@all</span>: hi ` + spanBen + " " + spanBen,
		"@benny @Gold @bob":          "@benny @Gold @bob",
		"a@ben":                      "a@ben",
		"`@ben` @ben":                "<code>@ben</code> " + spanBen,
		"\\@ben":                     "@ben",
		"https://x.org/@ben":         `<a href="https://x.org/@ben"` + rel + `>https://x.org/@ben</a>`,
		"x.org/@ben":                 "x.org/@ben",
		"[@ben](https://x.org)":      `<a href="https://x.org"` + rel + `>` + spanBen + `</a>`,
		"[a](https://x.org/ '@ben')": `<a href="https://x.org/" title="@ben"` + rel + `>a</a>`,
		"[a](<https://x.org/@ben>)":  `<a href="https://x.org/@ben"` + rel + `>a</a>`,
		"a\n@ben":                    "a<br>\n" + spanBen,
		"あ @ben":                     "あ " + spanBen,
	} {
		if diff := cmp.Diff("<p>"+want+"</p>", render(source)); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
	for _, source := range []string{"    @ben", "```\n@ben\n```", "```@ben\na\n```", "[a]: https://x.org '@ben'"} {
		if found := markdown.Inspect(source).Mentions; len(found) > 0 {
			t.Errorf("%q: %+v", source, found)
		}
	}
}

func TestTokensHaveTheNamesThatMayBeMeant(t *testing.T) {
	for source, want := range map[string][]string{
		"@Gold members, hi!":          {"Gold members, hi!", "Gold members, hi", "Gold members,", "Gold members", "Gold"},
		"@ben-smith_":                 {"ben-smith_", "ben-smith", "ben-", "ben"},
		"@a *b*":                      {"a"},
		"@a\nb":                       {"a"},
		"@José":                       {"José"},
		"@🥇 gold":                     {"🥇 gold", "🥇"},
		"@" + strings.Repeat("é", 50): {strings.Repeat("é", 50)},
	} {
		found := markdown.Inspect(source).Mentions
		if len(found) != 1 || found[0].Start != 0 {
			t.Fatalf("%q: %+v", source, found)
		}
		if diff := cmp.Diff(want, found[0].Names); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
	for _, source := range []string{"@", "@ a", "@*a*", "@@", "<@>", "<@" + ben, "<@" + ben[1:] + ">", "<@" + strings.ToUpper(ben) + ">", "@" + strings.Repeat("é", 51)} {
		if found := markdown.Inspect(source).Mentions; len(found) > 0 {
			t.Errorf("%q: %+v", source, found)
		}
	}
}

func TestMentionsOutsideTheLineAreIgnored(t *testing.T) {
	for _, length := range []int{-1, 0, 5, 100} {
		m := map[int]markdown.Mention{0: {Length: length, Label: "ben"}}
		if got := markdown.Render("@ben\nb", markdown.Options{Mentions: m}); got != "<p>@ben<br>\nb</p>" {
			t.Errorf("%d: %s", length, got)
		}
	}
	m := map[int]markdown.Mention{0: {Length: 4, Label: `<b>"`, User: `"><b>`}}
	if got := markdown.Render("@ben", markdown.Options{Mentions: m}); got != `<p><span class="mention">@&lt;b&gt;&#34;</span></p>` {
		t.Errorf("%s", got)
	}
}

func TestLinksAreCounted(t *testing.T) {
	source := "https://a.org [b](https://b.org) ![c](https://c.org) <https://d.org> <e@e.org> [f](/f) `https://g.org` [h ![i](https://i.org)](https://h.org) https://a.org"
	want := []string{"https://a.org", "https://b.org", "https://c.org", "https://d.org", "mailto:e@e.org", "https://h.org", "https://a.org"}
	if diff := cmp.Diff(want, markdown.Inspect(source).Links); diff != "" {
		t.Error(diff)
	}
}

func TestBidirectionalControlsAreIsolated(t *testing.T) {
	const rlo, rle, rli, pdf, pdi = "\u202e", "\u202b", "\u2067", "\u202c", "\u2069"
	for source, want := range map[string]string{
		"a " + rlo + "b":                               "<p><bdi>a " + rlo + "b" + pdf + "</bdi></p>",
		"a " + rlo + "b" + pdf + " c":                  "<p><bdi>a " + rlo + "b" + pdf + " c</bdi></p>",
		"a " + rli + rlo + "b *c* d":                   "<p><bdi>a " + rli + rlo + "b " + pdf + pdi + "</bdi><em>c</em> d</p>",
		"a" + pdi + pdf + "b":                          "<p><bdi>ab</bdi></p>",
		rli + rle + "a" + pdi + "b" + pdf:              "<p><bdi>" + rli + rle + "a" + pdi + "b</bdi></p>",
		rlo + rli + "a" + pdf + "b":                    "<p><bdi>" + rlo + rli + "ab" + pdi + pdf + "</bdi></p>",
		"&#8238;a":                                     "<p><bdi>" + rlo + "a" + pdf + "</bdi></p>",
		"`" + rlo + "a`":                               "<p><code><bdi>" + rlo + "a" + pdf + "</bdi></code></p>",
		rlo + "a\nb":                                   "<p><bdi>" + rlo + "a" + pdf + "</bdi><br>\nb</p>",
		"[" + rlo + "a](https://x.org '" + rlo + "t')": `<p><a href="https://x.org" title="t"` + rel + `><bdi>` + rlo + "a" + pdf + "</bdi></a></p>",
		"[a](https://x.org/" + rlo + ")":               `<p><a href="https://x.org/%E2%80%AE"` + rel + ">a</a></p>",
		"a\u200fb":                                     "<p>a\u200fb</p>", // a mark affects no other text
	} {
		if diff := cmp.Diff(want, render(source)); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
}

// TestMarksBeyondTheLimitsAreText uses texts of ordinary length.
func TestMarksBeyondTheLimitsAreText(t *testing.T) {
	bracketed := strings.Repeat("! [x] ", 190) + "[a](https://x.org)"
	if got := render(bracketed); strings.Count(got, "<a ") != 1 {
		t.Errorf("%s", got)
	}
	if got := render(strings.Repeat("[x] ", 500) + "[a](b)"); !strings.HasSuffix(got, "[x] [a](b)</p>") {
		t.Errorf("%s", got)
	}
	if got := render(strings.Repeat("*a* ", 600)); strings.Count(got, "<em>") != 500 || !strings.HasSuffix(got, "*a*</p>") {
		t.Errorf("%s", got)
	}
	if got := render(strings.Repeat(">", 30) + " a"); strings.Count(got, "<blockquote>") != 20 || !strings.Contains(got, "<p>&gt;&gt;&gt;&gt;&gt;&gt;&gt;&gt;&gt;&gt; a</p>") {
		t.Errorf("%s", got)
	}
	if got := render("https://x.org/" + strings.Repeat("a", 3000) + " https://x.org"); strings.Count(got, "<a ") != 1 {
		t.Errorf("%s", got)
	}
}
