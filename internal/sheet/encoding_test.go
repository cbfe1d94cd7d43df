package sheet_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

func inEncoding(t testing.TB, text, label string) []byte {
	t.Helper()
	e, err := htmlindex.Get(label)
	if err != nil {
		t.Fatal(err)
	}
	return encodedBy(t, text, e)
}

func encodedBy(t testing.TB, text string, e encoding.Encoding) []byte {
	t.Helper()
	encoded, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return encoded
}

// Characters whose second byte is a delimiter, a backslash or a letter.
var trailTexts = map[string][]string{
	"shift_jis":   {"ソ能表", "ポミ", "申曾構", "ａａ", "ﾐﾔﾓﾄ", "竹"},
	"gbk":         {"渰倈", "亅", "張億", "誀諀", "鱸"},
	"gb18030":     {"㐀㐁", "ö渰", "億張", "𠀀"},
	"big5":        {"功許蓋", "么育", "四尺", "陳"},
	"euc-kr":      {"똠방각하", "펲시", "김철수", "갂갃"},
	"euc-jp":      {"ソ能表", "ﾐﾔﾓﾄ", "鷗", "髙橋"},
	"iso-2022-jp": {"ソ能表", "山田太郎", "申曾構", "竹"},
}

func TestTrailBytesAreNoDelimiters(t *testing.T) {
	for label, texts := range trailTexts {
		if label == "euc-jp" {
			texts = texts[:2]
		}
		for _, delimiter := range []string{"|", ",", ";", "\t", "a", "0", "@", `\`, "B", "$"} {
			t.Run(label+" with "+delimiter, func(t *testing.T) {
				var want []line
				var text strings.Builder
				text.WriteString("x" + delimiter + "y\r\n")
				number := 2
				for _, cell := range texts {
					text.WriteString(cell + delimiter + "\"" + cell + "\n\"\"" + cell + delimiter + "\"\r\n")
					want = append(want, line{number, []string{cell, cell + "\n\"" + cell + delimiter}, ""})
					number += 2
				}
				data := inEncoding(t, text.String(), label)
				table := open(t, data, sheet.Options{Encoding: label, Delimiter: delimiter})
				rows, err := readAll(table)
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, rows); diff != "" {
					t.Errorf("%x: %s", data, diff)
				}
				if got := table.Detected().Encoding; got != label {
					t.Errorf("detected %s", got)
				}
			})
		}
	}
}

func TestUndecodableBytesFailOnlyTheirRow(t *testing.T) {
	for label, texts := range trailTexts {
		for _, broken := range []string{"\xff", "\x81", "\x81,\x81", "\x82\x7f", "\x1b$B", "x\x00"} {
			if broken == "\x1b$B" && label != "iso-2022-jp" {
				continue
			}
			good := string(inEncoding(t, texts[0], label))
			data := "a,b\n" + good + ",1\n" + broken + "\n" + good + ",2\n"
			rows, err := readAll(open(t, []byte(data), sheet.Options{Encoding: label, Delimiter: ","}))
			if !errors.Is(err, io.EOF) || len(rows) != 3 {
				t.Fatalf("%s %q: %d rows, %v", label, broken, len(rows), err)
			}
			if want := (line{2, []string{texts[0], "1"}, ""}); !cmp.Equal(rows[0], want) {
				t.Errorf("%s %q: first row %v", label, broken, rows[0])
			}
			if want := (line{4, []string{texts[0], "2"}, ""}); !cmp.Equal(rows[2], want) {
				t.Errorf("%s %q: last row %v", label, broken, rows[2])
			}
			if rows[1].Problem != record.BadEncoding && broken != "\x1b$B" {
				t.Errorf("%s %q is read as %v", label, broken, rows[1])
			}
		}
	}
}

// FuzzLegacyEncodings reads any bytes in a legacy encoding, and every row again at
// its position.
func FuzzLegacyEncodings(f *testing.F) {
	labels := []string{"shift_jis", "gbk", "gb18030", "big5", "euc-kr", "euc-jp", "iso-2022-jp", "windows-1251", "x-user-defined", "cp850"}
	f.Add([]byte("a|b\n\x83\x7c|\x81\n\"\x95\x5c\n\"|x\n"), uint8(0))
	f.Add([]byte("a,b\n\x81\x30\x81\x30,\x81\x30\n"), uint8(2))
	f.Add([]byte("a,b\n\x1b$B;3ED\x1b(B,\x1b$B\"\n\x1b(J\\\n"), uint8(6))
	f.Fuzz(func(t *testing.T, data []byte, label uint8) {
		o := sheet.Options{Encoding: labels[int(label)%len(labels)]}
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), o)
		if err != nil {
			return // FuzzTable checks the reasons
		}
		all := restOf(t, table)
		for i := len(all) - 1; i >= 0; i-- {
			if err := table.Seek(all[i].Pos); err != nil {
				t.Fatal(err)
			}
			if got, ok := rowAt(t, table); !ok || !cmp.Equal(got, all[i]) {
				t.Fatalf("row %d: %s", i, cmp.Diff(all[i], got))
			}
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWriterOutputInLegacyEncodingsReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawDetected(r)
		d.Encoding = rapid.SampledFrom([]string{"shift_jis", "gbk", "gb18030", "big5", "euc-kr", "euc-jp", "iso-2022-jp", "koi8-r", "iso-8859-8-i", "ibm437"}).Draw(r, "encoding")
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab,;|\t\" \n'=ソ能渰功Я")), 0, 10, -1)
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 2), 1, 8).Draw(r, "rows")
		var b bytes.Buffer
		w := sheet.NewWriter(&b, d)
		for _, row := range append([][]string{{"column a", "column b"}}, rows...) {
			if err := w.Write(row); err != nil {
				r.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			r.Fatal(err)
		}
		table, err := sheet.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), sheet.Options{Encoding: d.Encoding, Delimiter: d.Delimiter})
		if err != nil {
			r.Fatal(err)
		}
		got := cellsOf(r, table)
		for i, row := range rows {
			for j, cell := range row {
				if !readsAs(cell, got[i][j]) {
					r.Fatalf("%q reads %q in %q", cell, got[i][j], b.Bytes())
				}
			}
		}
	})
}

// readsAs reports whether got is want, or want with question marks for characters
// that the encoding lacks.
func readsAs(want, got string) bool {
	w, g := []rune(want), []rune(got)
	for i := range w {
		if i >= len(g) || w[i] != g[i] && (g[i] != '?' || w[i] < 0x80) {
			return false
		}
	}
	return len(w) == len(g)
}
