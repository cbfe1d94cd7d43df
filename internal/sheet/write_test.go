package sheet_test

import (
	"bytes"
	"testing"

	"github.com/regulars/regulars/internal/sheet"
)

func TestEscapeFormulaEscapesFormulasButNotNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"":           "",
		"ann":        "ann",
		"=1+1":       "'=1+1",
		"@SUM(A1)":   "'@SUM(A1)",
		"+cmd|x":     "'+cmd|x",
		"-cmd":       "'-cmd",
		"-":          "'-",
		"-5":         "-5",
		"+49123":     "+49123",
		"-1.5":       "-1.5",
		"-1,5":       "-1,5",
		"-1.5.5":     "'-1.5.5",
		"+49 123":    "'+49 123",
		"\t=1":       "'\t=1",
		"\r=1":       "'\r=1",
		"a=1":        "a=1",
		"'=1":        "'=1",
		"\x7fx":      "'\x7fx",
		"\nx":        "'\nx",
		"\u0085x":    "'\u0085x",
		"＝1+1":       "'＝1+1",
		"＋1":         "'＋1",
		"－1":         "'－1",
		"＠SUM":       "'＠SUM",
		" =1":        "' =1",
		"\u3000＝1":   "'\u3000＝1",
		"\ufeff=1":   "'\ufeff=1",
		"\u200b-x":   "'\u200b-x",
		" -5":        "' -5",
		" ann":       " ann",
		"\xff=1":     "\xff=1",
		"東=1":        "東=1",
		"2020-01-01": "2020-01-01",
	} {
		if got := sheet.EscapeFormula(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestWriterUsesTheDetectedDialect(t *testing.T) {
	rows := [][]string{{"a", "b"}, {"é;€", "say \"hi\"\n"}, {"東", ""}}
	tests := []struct {
		name string
		d    sheet.Detected
		want string
	}{
		{"a plain text", sheet.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ";", LineEnding: "lf"}, "a;b\n\"é;€\";\"say \"\"hi\"\"\n\"\n東;\n"},
		{"a sep line", sheet.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ",", LineEnding: "crlf", Sep: true}, "sep=,\r\na,b\r\né;€,\"say \"\"hi\"\"\n\"\r\n東,\r\n"},
		{"Windows-1252", sheet.Detected{Format: "csv", Encoding: "windows-1252", Delimiter: "\t", LineEnding: "cr"}, "a\tb\r\xe9;\x80\t\"say \"\"hi\"\"\n\"\r?\t\r"},
		{"a workbook", sheet.Detected{Format: "xlsx", Sheet: "Sheet1"}, "\ufeffa,b\r\né;€,\"say \"\"hi\"\"\n\"\r\n東,\r\n"},
		{"UTF-16", sheet.Detected{Format: "csv", Encoding: "utf-16be", Delimiter: ",", LineEnding: "lf"}, encodeUTF16("a,b\né;€,\"say \"\"hi\"\"\n\"\n東,\n", true, true)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			w := sheet.NewWriter(&b, test.d)
			for _, row := range rows {
				if err := w.Write(row); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
