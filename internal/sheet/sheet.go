// Package sheet reads tables as spreadsheets and exports write them: CSV in the
// common encodings, delimiters and line endings, XLSX and ODS, each of them
// optionally packed with gzip or zip. It detects the format, returns records
// one by one with their line numbers and original bytes, and can seek to any
// record it has returned. The caller interprets headers and cells.
//
// Memory does not grow with the file: a buffer of at most a few MiB, plus up
// to 32 MiB for a workbook. Further shared strings go to a temporary file.
package sheet

import (
	"bytes"
	"compress/gzip"
	"io"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/foreign"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// MaxColumns is the maximum number of columns of a header.
const MaxColumns = 1000

// Options are what the caller knows about a file. The zero value detects
// everything.
type Options struct {
	Encoding    string      // a name such as utf-8, utf-16le or windows-1252; "" detects it
	Delimiter   string      // one ASCII character, or tab, comma, semicolon or pipe; "" detects it
	Sheet       string      // name, or number from 1, of a sheet; "" selects the first visible sheet with a header that fits, or else the first with values
	HeaderLine  int         // line of the header, from 1; 0 detects it
	SkipHidden  bool        // leave out the hidden rows of a workbook
	MaxUnpacked int64       // maximum bytes a packed file may unpack to; 0 means 1 GiB
	Scan        *ScanResult // result of a Scanner for the whole file; nil if it was not scanned
	CompareAll  bool        // compare the encodings of a text also if one is declared, for Table.Encodings
	Detected    *Detected   // of an earlier Open with the same options, so that no encoding is guessed again; nil: none

	// Fits reports whether a record can be the header. The first of the first 20
	// lines that fits is the header. If none fits, or Fits is nil, the first
	// record that is not a blank line is.
	Fits func(header []string) bool

	// Scratch creates the temporary file of a large or packed workbook. If
	// nil, such a workbook cannot be read.
	Scratch func() (unpack.Scratch, error)
}

// Encodings are the plausible encodings of a text that is not UTF-8, with what each
// reads; none if it was declared, unless Options.CompareAll is set.
func (t *Table) Encodings() []charset.Candidate { return t.encodings }

// Detected describes a file.
type Detected struct {
	Format     string `json:"format"`               // csv, xlsx or ods
	Container  string `json:"container,omitempty"`  // gzip, zip or "" if the table is not packed
	Encoding   string `json:"encoding,omitempty"`   // utf-8, utf-8-bom, or another name of the WHATWG Encoding Standard; "" for workbooks
	Delimiter  string `json:"delimiter,omitempty"`  // "" for workbooks
	LineEnding string `json:"lineEnding,omitempty"` // lf, crlf, cr; "" for workbooks
	Sep        bool   `json:"sep,omitempty"`        // the first line is sep=
	Sheet      string `json:"sheet,omitempty"`      // name of the sheet
	Entry      string `json:"entry,omitempty"`      // name of the table inside the zip
	HeaderLine int    `json:"headerLine,omitempty"` // as in Table.HeaderLine

	EncodingConfidence float64 `json:"encodingConfidence,omitempty"` // from 0 to 1, of a guessed encoding; 0: it is declared or proven
}

// IsWorkbook reports whether the file has sheets and typed cells.
func (d Detected) IsWorkbook() bool { return d.Format == "xlsx" || d.Format == "ods" }

// Table is an open file. It is not safe for concurrent use.
type Table struct {
	rows       rows
	detected   Detected
	header     []string
	start      record.Pos
	sheets     []string // names of the sheets of a workbook
	warnings   []Warning
	encodings  []charset.Candidate
	skipHidden bool
}

// rows are the records of a CSV text or of a sheet.
type rows interface {
	Next(row *record.Row) error
	Seek(p record.Pos) error
	// SeekLine moves to the record that starts at a line, or to the next one.
	SeekLine(line int) error
	// LimitCells sets the maximum number of cells of a row.
	LimitCells(cells int)
	Progress() (done, total int64)
	Close() error
}

// Open detects the format of src and reads the header. A file that cannot be
// read as a table is rejected with an *errs.Error: empty_file, no_header,
// bad_header, too_many_columns, not_text, not_a_table, unsupported_type,
// encrypted_file, damaged_file, zip_bomb, no_table, several_tables, no_sheet,
// bad_encoding_name, encoding_unclear or bad_delimiter. src must be readable until Close.
func Open(src io.ReaderAt, size int64, opts Options) (*Table, error) {
	if opts.MaxUnpacked <= 0 {
		opts.MaxUnpacked = unpack.DefaultMaxUnpacked
	}
	if size == 0 {
		return nil, errEmptyFile()
	}
	t := &Table{skipHidden: opts.SkipHidden}
	err := t.open(src, size, opts)
	if err == nil {
		err = t.readHeader(opts)
	}
	if err != nil {
		if t.rows != nil {
			_ = t.rows.Close() // the first error matters
		}
		return nil, err
	}
	return t, nil
}

func errEmptyFile() error {
	return errs.New(errs.Invalid, "empty_file", "The file is empty; send one with a header line and at least one row.")
}

// Detected returns the format of the file.
func (t *Table) Detected() Detected { return t.detected }

// Header returns the cells of the header, untrimmed.
func (t *Table) Header() []string { return t.header }

// HeaderLine is the line number of the header, counted as in Row.Line.
func (t *Table) HeaderLine() int { return t.detected.HeaderLine }

// Start is the position of the first row after the header.
func (t *Table) Start() record.Pos { return t.start }

// Next reads the next record into row. It returns io.EOF after the last
// record, an error with ErrDamaged in its chain if the file is broken at that
// point (a bomb is also the *errs.Error zip_bomb), and any other error if
// reading failed.
//
// A row has at most MaxColumns more cells than the header; the last cell then
// contains the remainder.
func (t *Table) Next(row *record.Row) error {
	err := t.rows.Next(row)
	for t.skipHidden && err == nil && row.Hidden {
		err = t.rows.Next(row)
	}
	return err
}

// Seek sets the position of the next row to p, a Table.Start, Row.Pos or
// Row.End of the same file and options. It is free in an unpacked text. Packed
// files and workbooks are read up to p, from the beginning if p is behind the
// buffer, so visit positions in ascending order.
func (t *Table) Seek(p record.Pos) error { return t.rows.Seek(p) }

// Progress returns how many bytes of src have been read.
func (t *Table) Progress() (done, total int64) { return t.rows.Progress() }

// Close releases the resources of the table. It does not close src.
func (t *Table) Close() error { return t.rows.Close() }

// open detects the container of src and opens its content.
func (t *Table) open(src io.ReaderAt, size int64, opts Options) error {
	s := unpack.New(src, size, opts.MaxUnpacked)
	start := make([]byte, 4)
	n, err := s.ReadPrefix(start)
	if err != nil {
		return err
	}
	if err := s.SetOffset(0); err != nil {
		return err
	}
	switch start = start[:n]; {
	case unpack.IsGzip(start):
		return t.openGzip(s, opts)
	case unpack.IsZip(start):
		return t.openZip(s, opts)
	}
	return t.openText(s, opts)
}

func (t *Table) openGzip(s *unpack.Stream, opts Options) error {
	t.detected.Container = "gzip"
	s.Unpack(0, func() (io.ReadCloser, error) {
		return gzip.NewReader(s.Packed())
	})
	return t.openPacked(s, opts)
}

func (t *Table) openZip(s *unpack.Stream, opts Options) error {
	archive, err := unpack.ReadDirectory(s)
	if err != nil {
		return unpack.WrapDamaged(err)
	}
	if err := foreign.CheckArchive(archive); err != nil {
		return err
	}
	if isWorkbook(archive) {
		return t.openWorkbook(s, archive, opts)
	}
	entry, err := unpack.SingleTable(archive)
	if err != nil {
		return err
	}
	if err := unpack.CheckEntry(entry, opts.MaxUnpacked); err != nil {
		return err
	}
	at, err := entry.DataOffset()
	if err != nil {
		return unpack.WrapDamaged(s.WrapError(err))
	}
	t.detected.Container, t.detected.Entry = "zip", entry.Name
	s.Unpack(at, entry.Open)
	return t.openPacked(s, opts)
}

// openPacked opens the unpacked bytes of s. Options.Scan describes the packed
// bytes and is ignored.
func (t *Table) openPacked(s *unpack.Stream, opts Options) error {
	opts.Scan = nil
	start := make([]byte, 4)
	n, err := s.ReadPrefix(start)
	if err != nil {
		return unpack.WrapDamaged(err)
	}
	if err := s.SetOffset(0); err != nil {
		return unpack.WrapDamaged(err)
	}
	switch start = start[:n]; {
	case n == 0:
		return errEmptyFile()
	case unpack.IsGzip(start):
		return errs.New(errs.Unsupported, "unsupported_type", "The file is packed twice; unpack it once.")
	case unpack.IsZip(start):
		return t.openPackedWorkbook(s, opts)
	}
	return t.openText(s, opts)
}

// openText opens a CSV text.
func (t *Table) openText(s *unpack.Stream, opts Options) error {
	size := int64(sampleSize)
	if !s.IsPacked() {
		size = min(size, s.Size)
	}
	sample := make([]byte, size)
	n, err := s.ReadPrefix(sample)
	if err != nil {
		return unpack.WrapDamaged(err)
	}
	complete := n < sampleSize
	return t.detectText(s, sample[:n], complete, opts)
}

// detectText detects the dialect from sample, the first bytes of s, and
// positions the table at the first line.
func (t *Table) detectText(s *unpack.Stream, sample []byte, complete bool, opts Options) error {
	if err := checkText(sample, opts.Encoding); err != nil {
		return err
	}
	text, err := detectEncoding(s, sample, complete, opts)
	if err != nil {
		return err
	}
	t.encodings = text.candidates
	encoding, mark := text.name, text.mark
	units := sample[mark:]
	if charset.IsUTF16(encoding) {
		units = narrowUTF16(nil, units, encoding == charset.UTF16BE)
	} else if mask := charset.NewMask(encoding); mask != nil {
		units = mask.Append(nil, units)
	}
	d := &t.detected
	d.Format, d.Encoding, d.EncodingConfidence, d.LineEnding = "csv", encoding, text.confidence, detectLineEnding(units)
	if text.confidence > 0 {
		t.warn("encoding_guessed", 1, text.firstLine, errs.NewSentence("The encoding was guessed as %s. If letters are wrong, import the file again with the option %s.",
			encoding, encodingOption))
	}
	c := &csvRows{in: newReader(s, encoding), decoder: text.decoder(), eol: '\n', size: s.Size}
	if d.LineEnding == "cr" {
		c.eol = '\r'
	}
	t.rows = c
	at := record.Pos{Offset: int64(mark), Line: 1}
	if first, rest, _ := bytes.Cut(units, []byte{c.eol}); parseSep(first) != 0 {
		d.Sep = true
		c.splitter.delimiter = parseSep(first)
		if c.eol == '\r' {
			rest = bytes.TrimPrefix(rest, []byte("\n"))
		}
		at = record.Pos{Offset: at.Offset + int64((len(units)-len(rest))*c.in.width), Line: 2}
	} else {
		c.splitter.delimiter = detectDelimiter(fromHeader(units, c.eol, opts), c.eol, opts.Fits)
	}
	if opts.Delimiter != "" {
		if c.splitter.delimiter, err = parseDelimiter(opts.Delimiter); err != nil {
			return err
		}
	}
	d.Delimiter = string(c.splitter.delimiter)
	return c.Seek(at)
}
