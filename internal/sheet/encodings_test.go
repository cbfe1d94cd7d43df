package sheet_test

import (
	"bytes"
	"testing"

	"github.com/regulars/regulars/internal/sheet"
)

func TestPlausibleEncodingsAreCompared(t *testing.T) {
	german := []byte("Name,City\nM\xfcller,K\xf6ln\nSch\xe4fer,N\xfcrnberg\n")
	for _, c := range []struct {
		name string
		text []byte
		opts sheet.Options
		want string // part of the sample of windows-1252; "": no encodings
	}{
		{"guessed", german, sheet.Options{}, "Müller"},
		{"declared", german, sheet.Options{Encoding: "koi8-r"}, ""},
		{"declared and compared", german, sheet.Options{Encoding: "koi8-r", CompareAll: true}, "Müller"},
		{"UTF-8", []byte("Name\nMüller\n"), sheet.Options{CompareAll: true}, ""},
		{"UTF-8, declared as another", []byte("Name\nMüller\n"), sheet.Options{Encoding: "koi8-r", CompareAll: true}, ""},
		{"UTF-16", []byte("\xff\xfeN\x00\n\x00\xfc\x00\n\x00"), sheet.Options{Encoding: "utf-16", CompareAll: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := sheet.Open(bytes.NewReader(c.text), int64(len(c.text)), c.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer table.Close()
			sample := ""
			for _, one := range table.Encodings() {
				if one.Encoding == "windows-1252" {
					sample = one.Sample
				}
			}
			if c.want == "" && len(table.Encodings()) > 0 || !bytes.Contains([]byte(sample), []byte(c.want)) {
				t.Errorf("%+v", table.Encodings())
			}
		})
	}
}
