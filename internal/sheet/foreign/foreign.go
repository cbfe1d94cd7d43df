// Package foreign recognises files that are no table that can be read, so that
// an error can name what they are and how to convert them.
package foreign

import (
	"archive/zip"
	"bytes"
	"path"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// signatures are the first bytes of common files.
var signatures = []struct {
	start, code string
	name        errs.Word
}{
	{"\x89PNG", "not_text", errs.Word("a PNG image")},
	{"\xff\xd8\xff", "not_text", errs.Word("a JPEG image")},
	{"GIF87a", "not_text", errs.Word("a GIF image")},
	{"GIF89a", "not_text", errs.Word("a GIF image")},
	{"%PDF-", "not_text", errs.Word("a PDF document")},
	{"\x7fELF", "not_text", errs.Word("a program")},
	{"MZ\x90", "not_text", errs.Word("a program")},
	{"SQLite format 3\x00", "not_text", errs.Word("a database")},
	{"\x00\x01\x00\x00Standard ", "not_text", errs.Word("a database")},
	{"PAR1", "not_text", errs.Word("a Parquet file")},
	{"{\\rtf", "not_text", errs.Word("a rich text document")},
	{"7z\xbc\xaf\x27\x1c", "unsupported_type", errs.Word("a 7z archive (use .zip or .gz)")},
	{"Rar!\x1a\x07", "unsupported_type", errs.Word("a RAR archive (use .zip or .gz)")},
	{"BZh91AY&SY", "unsupported_type", errs.Word("a bzip2 archive (use .zip or .gz)")},
	{"\xfd7zXZ\x00", "unsupported_type", errs.Word("an xz archive (use .zip or .gz)")},
	{"\x28\xb5\x2f\xfd", "unsupported_type", errs.Word("a zstd archive (use .zip or .gz)")},
}

// Check returns an error if a file that starts with sample is of another
// program. nil means that it may be a table.
func Check(sample []byte) error {
	for _, f := range signatures {
		if bytes.HasPrefix(sample, []byte(f.start)) {
			return errs.New(errs.Unsupported, f.code, "The file is %s, not a table; send CSV, XLSX or ODS.", f.name)
		}
	}
	if err := checkOld(sample); err != nil {
		return err
	}
	return checkText(startOfText(sample))
}

// errOther is the error of a table in another format.
func errOther(name errs.Word) error {
	return errs.New(errs.Unsupported, "unsupported_type", "The file is %s; save the table as .xlsx or CSV.", name)
}

// compound starts files of Office 97 to 2003, and encrypted newer ones.
const compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// oldWorkbooks start workbooks of Excel 2 to 5.
var oldWorkbooks = []string{"\x09\x00\x04\x00", "\x09\x00\x06\x00", "\x09\x02\x06\x00", "\x09\x04\x06\x00", "\x09\x08\x06\x00", "\x09\x08\x08\x00", "\x09\x08\x10\x00"}

// checkOld recognises binary Office documents by the names of their streams.
func checkOld(sample []byte) error {
	for _, start := range oldWorkbooks {
		if bytes.HasPrefix(sample, []byte(start)) {
			return errOther(errs.Word("an old Excel workbook (.xls)"))
		}
	}
	if !bytes.HasPrefix(sample, []byte(compound)) {
		return nil
	}
	has := func(stream string) bool {
		return bytes.Contains(sample, []byte(strings.Join(strings.Split(stream, ""), "\x00")+"\x00\x00"))
	}
	switch {
	case has("EncryptedPackage"), has("EncryptionInfo"):
		return errs.New(errs.Unsupported, "encrypted_file", "The workbook is encrypted; save it as .xlsx without a password.")
	case has("Workbook"), has("Book"):
		return errOther(errs.Word("an old Excel workbook (.xls)"))
	case has("WordDocument"):
		return errOther(errs.Word("an old text document (.doc)"))
	case has("PowerPoint Document"):
		return errOther(errs.Word("an old presentation (.ppt)"))
	}
	return errs.New(errs.Unsupported, "unsupported_type", "The file is %s, not a table; send CSV, XLSX or ODS.", errs.Word("an old or encrypted Office document (save it as .xlsx without a password)"))
}

// startBytes is the length of a text that is compared with known beginnings.
const startBytes = 4 << 10

// startOfText returns the first bytes of a text in lower case, without byte
// order mark and white space. UTF-16 is reduced to ASCII.
func startOfText(sample []byte) string {
	start := sample[:min(len(sample), startBytes)]
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		start = bytes.ReplaceAll(start[2:], []byte{0}, nil)
	}
	return strings.ToLower(string(bytes.TrimLeft(start, "\xef\xbb\xbf \t\r\n")))
}

// texts are the beginnings of files that are text but no table.
var texts = []struct {
	starts []string
	err    func() error
}{
	{[]string{"<!doctype html", "<html", "<head", "<body", "<meta", "<style", "<table", "<tr", "<div", "mime-version:"}, errWebPage},
	{[]string{"begin:vcard"}, func() error {
		return errs.New(errs.Unsupported, "not_a_table", "The file is a vCard file, not a table. Export the contacts as CSV.")
	}},
	{[]string{"begin:vcalendar"}, func() error {
		return errs.New(errs.Unsupported, "not_a_table", "The file is a calendar, not a table. Export the entries as CSV.")
	}},
	{[]string{"-- mysql dump", "-- mariadb dump", "-- postgresql database dump", "insert into ", "create table "}, func() error {
		return errs.New(errs.Unsupported, "not_a_table", "The file is SQL, not a table. Export the rows of the table as CSV.")
	}},
	{[]string{"dn: ", "dn:: ", "version: 1\ndn:", "version: 1\r\ndn:", "version: 1\n\ndn:"}, func() error {
		return errs.New(errs.Unsupported, "not_a_table", "The file is an LDIF file, not a table. Export the entries as CSV.")
	}},
}

func errWebPage() error {
	return errs.New(errs.Unsupported, "not_a_table", "The file is a web page (HTML). Open it in a spreadsheet program and save it as .xlsx or CSV.")
}

// checkText recognises a text by its start, see startOfText.
func checkText(start string) error {
	for _, kind := range texts {
		for _, s := range kind.starts {
			if strings.HasPrefix(start, s) {
				return kind.err()
			}
		}
	}
	switch {
	case isJSON(start):
		return errs.New(errs.Unsupported, "not_a_table", "The file is JSON, not a table. Convert it to CSV with one column for each field.")
	case strings.HasPrefix(start, "<?xml"), strings.HasPrefix(start, "<!doctype"):
		return checkXML(start)
	}
	return nil
}

// isJSON reports whether a text starts with an object, or with a list of objects
// or lists.
func isJSON(start string) bool {
	if rest, ok := strings.CutPrefix(start, "["); ok {
		rest = strings.TrimLeft(rest, " \t\r\n")
		return strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "[")
	}
	rest, ok := strings.CutPrefix(start, "{")
	return ok && (strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), `"`) || strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "\r\n"))
}

func checkXML(start string) error {
	switch {
	case strings.Contains(start, "urn:schemas-microsoft-com:office:spreadsheet"), strings.Contains(start, `progid="excel.sheet"`):
		return errOther(errs.Word("an XML spreadsheet of Excel 2003"))
	case strings.Contains(start, "opendocument.spreadsheet"):
		return errOther(errs.Word("a flat OpenDocument spreadsheet (.fods)"))
	case strings.Contains(start, "<html"):
		return errWebPage()
	}
	return errs.New(errs.Unsupported, "not_a_table", "The file is XML, not a table. Export the data as CSV or .xlsx.")
}

// CheckArchive returns an error if an archive is a document of Apple Numbers,
// Pages or Keynote.
func CheckArchive(archive *zip.Reader) error {
	numbers := false
	for _, f := range archive.File {
		switch name := strings.ReplaceAll(f.Name, `\`, "/"); {
		case strings.HasPrefix(name, "Index/Slide"):
			return errOther(errs.Word("a presentation (.key)"))
		case name == "Index/Document.iwa", name == "buildVersionHistory.plist", path.Base(name) == "Index.zip" && strings.Count(name, "/") <= 1:
			numbers = true
		}
	}
	if !numbers {
		return nil
	}
	return errs.New(errs.Unsupported, "unsupported_type", "The file is a document of Apple Numbers (.numbers). Export it in Numbers as Excel or CSV, and send that file.")
}
