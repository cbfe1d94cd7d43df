package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/record"
)

const memberHeader = "First Name,Last Name,Username,Email\n"

func openScanned(t *testing.T, data string, o sheet.Options) (*sheet.Table, error) {
	t.Helper()
	o.Scan = scanResult(data)
	return sheet.Open(strings.NewReader(data), int64(len(data)), o)
}

func TestLegacyEncodingIsGuessedWithAWarning(t *testing.T) {
	tests := []struct {
		text, encoding string
		want           [2]string // first and last name of the last row
	}{
		{"Jan,Müller\nEva,Schröder\nTom,Weiß\nUwe,Jäger\nIda,Müller\n", "windows-1252", [2]string{"Ida", "Müller"}},
		{"Иван,Петров\n", "koi8-r", [2]string{"Иван", "Петров"}},
		{"伟,张\n", "gbk", [2]string{"伟", "张"}},
		{"Łukasz,Wiśniewski\nPaweł,Dąbrowski\n", "windows-1250", [2]string{"Paweł", "Dąbrowski"}},
		{"太郎,山田\n花子,佐藤\n", "shift_jis", [2]string{"花子", "佐藤"}},
		{"太郎,山田\n花子,佐藤\n", "iso-2022-jp", [2]string{"花子", "佐藤"}},
		{"철수,김\n영희,이\n", "euc-kr", [2]string{"영희", "이"}},
		{"美玲,陳\n志明,林\n", "big5", [2]string{"志明", "林"}},
		{"Ayşe,Yıldız\nÇağlar,Şahin\n", "windows-1254", [2]string{"Çağlar", "Şahin"}},
		{"Γιώργος,Παπαδόπουλος\n", "windows-1253", [2]string{"Γιώργος", "Παπαδόπουλος"}},
	}
	for _, test := range tests {
		data := memberHeader + string(inEncoding(t, test.text, test.encoding))
		table, err := openScanned(t, data, sheet.Options{})
		if err != nil {
			t.Errorf("%s: %v", test.encoding, err)
			continue
		}
		detected := table.Detected()
		if detected.Encoding != test.encoding || detected.EncodingConfidence < 0.7 || detected.EncodingConfidence > 1 {
			t.Errorf("%s: detected %+v", test.encoding, detected)
		}
		warnings := table.Warnings()
		if len(warnings) != 1 || warnings[0].Code != "encoding_guessed" || !strings.Contains(warnings[0].Message.English, test.encoding) {
			t.Errorf("%s: warnings %+v", test.encoding, warnings)
		}
		rows, err := readAll(table)
		if !errors.Is(err, io.EOF) || len(rows) == 0 || !slices.Equal(rows[len(rows)-1].Cells, test.want[:]) {
			t.Errorf("%s: %v, %v", test.encoding, rows, err)
		}
		again, err := openScanned(t, data, sheet.Options{Detected: &detected})
		if err != nil || !cmp.Equal(again.Detected(), detected) {
			t.Errorf("%s: %v", test.encoding, err)
		}
	}
}

func TestProvenAndDeclaredEncodingsHaveNoWarning(t *testing.T) {
	for name, data := range map[string]string{
		"UTF-8": memberHeader + "Jörg,Müller\n", "ASCII": memberHeader + "a,b\n", "a mark": "\ufeff" + memberHeader + "Jörg,Müller\n",
		"UTF-16": encodeUTF16(memberHeader+"Jörg,Müller\n", false, true), "declared": memberHeader + "J\xf6rg,M\xfcller\n",
	} {
		o := sheet.Options{}
		if name == "declared" {
			o.Encoding = "latin1"
		}
		table, err := openScanned(t, data, o)
		if err != nil {
			t.Fatal(name, err)
		}
		if len(table.Warnings()) > 0 || table.Detected().EncodingConfidence != 0 {
			t.Errorf("%s: %+v %+v", name, table.Warnings(), table.Detected())
		}
	}
}

func TestUnclearEncodingIsRejectedWithSamples(t *testing.T) {
	for _, data := range []string{"a,b\n\xe9,x\n", "a,b\n\xdf,x\n\xdf\xdf,y\n", "a,b\n\x8f\xfa\x90\xb0\xff\xa0\x9d,x\n"} {
		_, err := openScanned(t, data, sheet.Options{})
		if !errs.Is(err, "encoding_unclear") || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v", data, err)
			continue
		}
		candidates, _ := errs.From(err).Details["candidates"].([]charset.Candidate)
		if len(candidates) < 2 {
			t.Errorf("%q: candidates %v", data, candidates)
		}
		for _, c := range candidates {
			if c.Sample == "" {
				t.Errorf("%q: %s has no sample", data, c.Encoding)
			}
			if _, err := openScanned(t, data, sheet.Options{Encoding: c.Encoding}); err != nil {
				t.Errorf("%q: %s cannot be chosen: %v", data, c.Encoding, err)
			}
		}
	}
}

func TestMixedFileKeepsRowsOfUTF8(t *testing.T) {
	for _, test := range []struct{ encoding, legacy, utf8 string }{
		{"windows-1252", "Jürgen,Müller\nBärbel,Schröder\nGünther,Weiß\n", "Søren,Kjær"},
		{"windows-1252", "José,Muñoz\nFrançois,Lefèvre\nÁngela,Núñez\n", "Łukasz,Żak"},
		{"windows-1251", "Иван,Петров\nОльга,Смирнова\n", "Пётр,Щукин"},
		{"ibm866", "Иван,Петров\nОльга,Смирнова\n", "Пётр,Щукин"},
		{"gbk", "伟,张\n芳,王\n静,李\n", "娜,刘"},
		{"shift_jis", "太郎,山田\n花子,佐藤\n", "一郎,鈴木"},
	} {
		data := memberHeader + string(inEncoding(t, test.legacy, test.encoding)) + test.utf8 + "\n"
		table, err := openScanned(t, data, sheet.Options{})
		if err != nil {
			t.Errorf("%s: %v", test.encoding, err)
			continue
		}
		rows, _ := readAll(table)
		if got := strings.Join(rows[len(rows)-1].Cells, ","); got != test.utf8 || rows[len(rows)-1].Problem != "" {
			t.Errorf("%s: %q is read as %q", test.encoding, test.utf8, got)
		}
		first, _, _ := strings.Cut(test.legacy, "\n")
		if got := strings.Join(rows[0].Cells, ","); got != first {
			t.Errorf("%s: %q is read as %q", test.encoding, first, got)
		}
	}
}

func TestRowOfAnotherEncodingInAFileOfUTF8Fails(t *testing.T) {
	data := memberHeader + "Jörg,Müller\nSøren,Kjær\nŁukasz,Żak\nJos\xe9,x\nx,y\n"
	table, err := openScanned(t, data, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := readAll(table)
	if table.Detected().Encoding != "utf-8" || rows[3].Problem != record.BadEncoding || rows[0].Problem+rows[1].Problem+rows[2].Problem+rows[4].Problem != "" {
		t.Errorf("%+v %v", table.Detected(), rows)
	}
}

func TestLettersFarBehindTheSampleAreJudged(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(memberHeader)
	for i := range 60_000 {
		fmt.Fprintf(&b, "Ann,Smith,user%d,user%d@example.com\n", i, i)
	}
	b.Write(inEncoding(t, "Иван,Петров,p,p@example.org\nОльга,Смирнова,o,o@example.org\n", "windows-1251"))
	table, err := openScanned(t, b.String(), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := readAll(table)
	if got := rows[len(rows)-1].Cells[1]; got != "Смирнова" || table.Detected().Encoding != "windows-1251" {
		t.Errorf("%s in %s", got, table.Detected().Encoding)
	}
}

func TestScannerSpreadsItsPlaces(t *testing.T) {
	var s sheet.Scanner
	for range 9_000 {
		_, _ = s.Write(append(bytes.Repeat([]byte("x"), 999), 0xff)) // never fails
	}
	places := s.Result().Places
	if len(places) < 16 || len(places) > 32 || places[0] != 999 || places[len(places)-1] < 7_000_000 || !slices.IsSorted(places) {
		t.Errorf("%d places: %v", len(places), places)
	}
	for _, at := range places {
		if at%1000 != 999 {
			t.Errorf("no invalid byte at %d", at)
		}
	}
}

func BenchmarkDetection(b *testing.B) {
	for _, test := range []struct{ name, encoding, city string }{
		{"ASCII", "utf-8", "Berlin"}, {"UTF-8", "utf-8", "Köln"}, {"windows-1252", "windows-1252", "Köln"}, {"windows-1251", "windows-1251", "Москва"}, {"gbk", "gbk", "北京"},
	} {
		var text bytes.Buffer
		text.WriteString(memberHeader)
		for i := range 100_000 {
			fmt.Fprintf(&text, "Ann%d,%s,user%d,user%d@example.com,+49291962972,PL,English,founder,free,2020-02-26\n", i, test.city, i, i)
		}
		encoder := charset.NewEncoder(test.encoding)
		data := encoder.Append(nil, text.Bytes())
		scan := scanResult(string(data))
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Scan: scan}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
