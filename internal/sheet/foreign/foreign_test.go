package foreign_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/foreign"
)

// wide returns a text in UTF-16LE.
func wide(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

func TestFilesOfOtherProgramsAreNamed(t *testing.T) {
	compound := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 1016) + wide("Root Entry") + strings.Repeat("\x00", 44)
	tests := []struct{ name, in, code string }{
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00", "not_text"},
		{"PDF", "%PDF-1.7\nstream", "not_text"},
		{"database", "\x00\x01\x00\x00Standard Jet DB\x00", "not_text"},
		{"Parquet", "PAR1\x15\x00", "not_text"},
		{"7z", "7z\xbc\xaf\x27\x1c\x00", "unsupported_type"},
		{".xls", compound + wide("Workbook") + "\x00\x00", "unsupported_type"},
		{".xls", compound + wide("Book") + "\x00\x00", "unsupported_type"},
		{".xls", "\x09\x08\x10\x00\x00\x06\x05\x00", "unsupported_type"},
		{"encrypted", compound + wide("EncryptionInfo") + "\x00\x00" + wide("Workbook") + "\x00\x00", "encrypted_file"},
		{".doc", compound + wide("WordDocument") + "\x00\x00", "unsupported_type"},
		{".ppt", compound + wide("PowerPoint Document") + "\x00\x00", "unsupported_type"},
		{"old or encrypted", compound, "unsupported_type"},
		{"web page", "\n<!DOCTYPE html><html>", "not_a_table"},
		{"web page", "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table>", "not_a_table"},
		{"web page", "\xef\xbb\xbf<table><tr><td>Email", "not_a_table"},
		{"web page", "\xff\xfe" + wide("<html><body>"), "not_a_table"},
		{"web page", "<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<html>", "not_a_table"},
		{"web page", "MIME-Version: 1.0\r\nContent-Type: multipart/related", "not_a_table"},
		{"JSON", "[{\"email\":\"a@b.c\"}]", "not_a_table"},
		{"JSON", "[\n  [\"Email\"]\n]", "not_a_table"},
		{"JSON", "{ \"members\": []}", "not_a_table"},
		{"JSON", "{\"email\":\"a@b.c\"}\n{\"email\":\"b@b.c\"}\n", "not_a_table"},
		{"vCard", "BEGIN:VCARD\r\nVERSION:3.0\r\nN:L;Ada\r\n", "not_a_table"},
		{"vCard", "\xef\xbb\xbf\nbegin:vcard\nVERSION:4.0\n", "not_a_table"},
		{"calendar", "BEGIN:VCALENDAR\r\n", "not_a_table"},
		{"SQL", "-- MySQL dump 10.13\n", "not_a_table"},
		{"SQL", "INSERT INTO members VALUES (1);", "not_a_table"},
		{"LDIF", "version: 1\n\ndn: cn=Ada", "not_a_table"},
		{"LDIF", "dn: cn=Ada,dc=example\nmail: a@b.c\n", "not_a_table"},
		{"XML", "<?xml version=\"1.0\"?><members><member/></members>", "not_a_table"},
		{"Excel 2003", "<?xml version=\"1.0\"?>\r\n<?mso-application progid=\"Excel.Sheet\"?>\r\n<Workbook>", "unsupported_type"},
		{"Excel 2003", "<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", "unsupported_type"},
		{".fods", "<?xml version=\"1.0\"?><office:document office:mimetype=\"application/vnd.oasis.opendocument.spreadsheet\">", "unsupported_type"},
		{"a table", "Email,Name\na@b.c,Ada\n", ""},
		{"a table", "[Email],{Name}\n", ""},
		{"a table", "ID;Phone;Email\n", ""},
		{"a table", "\tName\n", ""},
		{"a table", "\"Email\"\t\"Name\"\n", ""},
		{"a table", "", ""},
	}
	for _, test := range tests {
		err := foreign.Check([]byte(test.in))
		if test.code == "" {
			if err != nil {
				t.Errorf("%q: %v", test.in, err)
			}
			continue
		}
		if !errs.Is(err, test.code) || !strings.Contains(err.Error(), test.name) || errs.KindOf(err) != errs.Unsupported {
			t.Errorf("%s %q: %v, want %s", test.name, test.in, err, test.code)
		}
	}
}

func TestDocumentsOfAppleAreNamed(t *testing.T) {
	for want, names := range map[string][]string{
		".numbers":  {"Index/Document.iwa", "Index/Tables/Tile.iwa", "Metadata/Properties.plist"},
		"(.numbers": {"Members.numbers/Index.zip", "Members.numbers/preview.jpg"},
		".key":      {"Index/Slide-1.iwa", "Index/Document.iwa"},
		"":          {"members.csv"},
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			if _, err := w.Create(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		err = foreign.CheckArchive(archive)
		if want == "" && err == nil {
			continue
		}
		if !errs.Is(err, "unsupported_type") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", names, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1W\x00", "[ {", "<?xml", "\xff\xfe<\x00", "version: 1\ndn:"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := foreign.Check(data); err != nil && errs.From(err) == nil {
			t.Error(err)
		}
	})
}
