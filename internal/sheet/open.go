package sheet

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"path"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// directoryBudget is how many bytes of a zip's directory are read, so that one
// of millions of entries does not fill the memory.
const directoryBudget = 2 << 20

// open finds the container of src and opens what is in it.
func (t *Table) open(src io.ReaderAt, size int64, opts Options) error {
	s := &stream{src: &meter{src: src, budget: -1}, size: size, unpackMax: opts.MaxUnpacked}
	start := make([]byte, 4)
	n, err := s.start(start)
	if err != nil {
		return err
	}
	if err := s.seek(0); err != nil {
		return err
	}
	switch start = start[:n]; {
	case isGzip(start):
		return t.openGzip(s, opts)
	case isZip(start):
		return t.openZip(s, opts)
	}
	return t.openText(s, opts)
}

func isGzip(start []byte) bool { return bytes.HasPrefix(start, []byte("\x1f\x8b")) }

func isZip(start []byte) bool {
	return bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("PK\x05\x06"))
}

func (t *Table) openGzip(s *stream, opts Options) error {
	t.detected.Container = "gzip"
	s.unpack = func() (io.ReadCloser, error) {
		return gzip.NewReader(io.NewSectionReader(s.src, 0, s.size))
	}
	return t.openPacked(s, opts)
}

// openPacked opens the unpacked bytes of s. What Scan saw was the packed ones.
func (t *Table) openPacked(s *stream, opts Options) error {
	opts.Verdict = nil
	start := make([]byte, 4)
	n, err := s.start(start)
	if err != nil {
		return refuseDamaged(err)
	}
	if err := s.seek(0); err != nil {
		return refuseDamaged(err)
	}
	switch start = start[:n]; {
	case n == 0:
		return errEmpty()
	case isGzip(start):
		return errs.New(errs.Unsupported, "unsupported_type", "The file is packed twice; unpack it once.")
	case isZip(start):
		return t.openPackedBook(s, opts)
	}
	return t.openText(s, opts)
}

func (t *Table) openZip(s *stream, opts Options) error {
	archive, err := readDirectory(s)
	if err != nil {
		return refuseDamaged(err)
	}
	if isBook(archive) {
		return t.openBook(s, archive, opts)
	}
	entry, err := oneTable(archive)
	if err != nil {
		return err
	}
	if err := checkEntry(entry, opts.MaxUnpacked); err != nil {
		return err
	}
	at, err := entry.DataOffset()
	if err != nil {
		return refuseDamaged(s.blame(err))
	}
	t.detected.Container, t.detected.Entry = "zip", entry.Name
	s.packedAt, s.unpack = at, entry.Open
	return t.openPacked(s, opts)
}

// readDirectory reads what an archive says of itself, unless that is too much.
func readDirectory(s *stream) (*zip.Reader, error) {
	s.src.budget = directoryBudget
	archive, err := zip.NewReader(s.src, s.size)
	s.src.budget = -1
	switch {
	case errors.Is(err, errBudget):
		return nil, errs.New(errs.Unsupported, "unsupported_type", "The archive has too many files; pack one table.")
	case err != nil:
		return nil, s.blame(err)
	}
	return archive, nil
}

// oneTable finds the one entry that is a table, past what archivers add.
func oneTable(archive *zip.Reader) (*zip.File, error) {
	var tables []*zip.File
	for _, f := range archive.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(path.Base(name), ".") {
			continue
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".csv", ".tsv", ".tab", ".txt", ".xlsx":
			tables = append(tables, f)
		}
	}
	switch len(tables) {
	case 0:
		return nil, errs.New(errs.Unsupported, "no_table", "The archive holds no .csv, .tsv, .txt or .xlsx file.")
	case 1:
		return tables[0], nil
	}
	return nil, errs.New(errs.Invalid, "several_tables", "The archive holds %d tables, %q and %q among them; send them one by one.", len(tables), tables[0].Name, tables[1].Name)
}

// checkEntry refuses an entry by what the archive says of it.
func checkEntry(f *zip.File, limit int64) error {
	if f.Flags&1 != 0 {
		return errs.New(errs.Unsupported, "encrypted_file", "The archive is encrypted; send it without a password.")
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return errs.New(errs.Unsupported, "unsupported_type", "The archive is packed in an unusual way (method %d); use the deflate method.", f.Method)
	}
	if f.UncompressedSize64 > uint64(limit) {
		return errOverLimit(limit)
	}
	if bomb := checkRatio(int64(min(f.CompressedSize64, math.MaxInt64)), int64(f.UncompressedSize64)); bomb != nil {
		return bomb
	}
	return nil
}

// openText finds out how a text is written.
func (t *Table) openText(s *stream, opts Options) error {
	size := int64(sampleSize)
	if s.unpack == nil {
		size = min(size, s.size)
	}
	sample := make([]byte, size)
	n, err := s.start(sample)
	if err != nil {
		return refuseDamaged(err)
	}
	whole := n < sampleSize
	return t.startText(s, sample[:n], whole, opts)
}

// startText decides how the sample, the first bytes of s, is written, and
// makes t read s so from its first line on.
func (t *Table) startText(s *stream, sample []byte, whole bool, opts Options) error {
	if err := checkText(sample, opts.Encoding); err != nil {
		return err
	}
	encoding, mark, err := findEncoding(sample, whole, opts)
	if err != nil {
		return err
	}
	units := sample[mark:]
	if isWide(encoding) {
		units = narrow(nil, units, encoding == utf16BE)
	}
	d := &t.detected
	d.Format, d.Encoding, d.LineEnding = "csv", encoding, findLineEnding(units)
	x := &text{window: newWindow(s, encoding), decode: newDecoder(encoding), eol: '\n', size: s.size}
	if d.LineEnding == "cr" {
		x.eol = '\r'
	}
	t.rows = x
	at := Pos{Offset: int64(mark), Line: 1}
	if first, rest, _ := bytes.Cut(units, []byte{x.eol}); findSep(first) != 0 {
		d.Sep = true
		x.split.delimiter = findSep(first)
		at = Pos{Offset: at.Offset + int64((len(units)-len(rest))*x.window.width), Line: 2}
	} else {
		x.split.delimiter = findDelimiter(units, x.eol)
	}
	if opts.Delimiter != "" {
		if x.split.delimiter, err = delimiterName(opts.Delimiter); err != nil {
			return err
		}
	}
	d.Delimiter = string(x.split.delimiter)
	return x.seek(at)
}
