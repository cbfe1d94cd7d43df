package xmlpart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readEvents lists the tokens of an Reader with the attribute a.
func readEvents(src io.Reader) ([]string, error) {
	m := &Reader{src: src}
	var out []string
	for {
		kind, err := m.next()
		if err != nil {
			return out, err
		}
		switch kind {
		case StartTag:
			out = append(out, "<"+string(m.Name)+" "+m.Attr("a"))
		case EndTag:
			out = append(out, ">"+string(m.Name))
		case Characters:
			out = append(out, "="+string(m.Data))
		}
	}
}

// standardXMLEvents is readEvents for encoding/xml.
func standardXMLEvents(src io.Reader) ([]string, error) {
	d := xml.NewDecoder(src)
	var out []string
	for {
		token, err := d.RawToken()
		if err != nil {
			return out, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			a := ""
			for _, attr := range e.Attr {
				if attr.Name.Local == "a" {
					a = attr.Value
					break
				}
			}
			out = append(out, "<"+e.Name.Local+" "+a)
		case xml.EndElement:
			out = append(out, ">"+e.Name.Local)
		case xml.CharData:
			out = append(out, "="+string(e))
		}
	}
}

var documents = []string{
	`<?xml version="1.0" encoding="UTF-8"?><r><c a="1"/></r>`,
	`<x:r xmlns:x="u" x:a='it"s'><x:c b = "2" a= "&lt;&#233;&#x20AC;&amp;"/>t&gt;&quot;&apos;</x:r >`,
	"<r>line\r\nend\rhere<!-- <c> -- --><![CDATA[<raw> & ]]></r>\n",
	`<r a="x>y" b="'"><c a='>'/></r>`,
	`<r><é a="ü"/></r>`,
}

func TestXMLReadsLikeTheStandardLibrary(t *testing.T) {
	for _, in := range documents {
		want, wantErr := standardXMLEvents(strings.NewReader(in))
		if strings.Contains(in, " -- -->") { // rejected by the standard library
			want, wantErr = standardXMLEvents(strings.NewReader(strings.Replace(in, " -- -->", " -->", 1)))
		}
		for name, src := range map[string]io.Reader{
			"whole": strings.NewReader(in), "bytewise": iotest.OneByteReader(strings.NewReader(in)),
		} {
			got, err := readEvents(src)
			if !errors.Is(err, wantErr) {
				t.Errorf("%s %s: %v, want %v", name, in, err, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s: %s", name, in, diff)
			}
		}
	}
}

func TestMalformedXMLIsAnError(t *testing.T) {
	for _, in := range []string{
		"<r", "<r a=\"", "<", "</r", "<!-- x", "<?x", "<![CDATA[x", "<!DOCTYPE r []><r/>", "<<r>>", "< r/>", "</>x<>",
		"<r>&nope;</r>", "<r>&#0;</r>", "<r>&amp</r>", "<r>&" + strings.Repeat("x", 2*textChunk) + ";</r>", "<r>\x01</r>", "<r>\xff</r>", "<r>&#xD800;</r>", "<r><![CDATA[\x00]]></r>",
	} {
		if got, err := readEvents(strings.NewReader(in)); errors.Is(err, io.EOF) {
			t.Errorf("%q reads %q", in, got)
		}
	}
}

func TestLongTextIsSplitBetweenCharacters(t *testing.T) {
	for _, bit := range []string{"x", "é", "€", "\U0001f600", "&amp;", "&#x1F600;", "\r\n", "\r", "]"} {
		for shift := range 12 {
			in := "<r>" + strings.Repeat("x", shift) + strings.Repeat(bit, 3*textChunk/len(bit)) + "</r>"
			want, wantErr := standardXMLEvents(strings.NewReader(in))
			for name, src := range map[string]io.Reader{
				"whole": strings.NewReader(in), "in odd parts": iotest.HalfReader(strings.NewReader(in)),
			} {
				got, err := readEvents(src)
				if !errors.Is(err, wantErr) || len(got) < 5 {
					t.Fatalf("%s %q: %d events, then %v", name, bit, len(got), err)
				}
				if joined := strings.ReplaceAll(strings.Join(got[1:len(got)-1], ""), "=", ""); joined != want[1][1:] {
					t.Errorf("%s %q: another text", name, bit)
				}
			}
		}
	}
}
