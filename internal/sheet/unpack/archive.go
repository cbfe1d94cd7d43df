package unpack

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"path"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// maxDirectory is the maximum size in bytes of a zip directory, which is read
// into memory.
const maxDirectory = 2 << 20

// IsGzip reports whether a file starts like gzip.
func IsGzip(start []byte) bool { return bytes.HasPrefix(start, []byte("\x1f\x8b")) }

// IsZip reports whether a file starts like a zip archive.
func IsZip(start []byte) bool {
	return bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("PK\x05\x06"))
}

// ReadDirectory reads the directory of a zip archive.
func ReadDirectory(s *Stream) (*zip.Reader, error) {
	s.src.budget = maxDirectory
	archive, err := zip.NewReader(s.src, s.Size)
	s.src.budget = -1
	switch {
	case errors.Is(err, errDirectoryTooLarge):
		return nil, errs.New(errs.Unsupported, "unsupported_type", "The archive has too many files; pack one table.")
	case err != nil:
		return nil, s.WrapError(err)
	}
	return archive, nil
}

// SingleTable returns the only table of an archive and ignores files that
// archivers add.
func SingleTable(archive *zip.Reader) (*zip.File, error) {
	var tables []*zip.File
	for _, f := range archive.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(path.Base(name), ".") {
			continue
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".csv", ".tsv", ".tab", ".txt", ".xlsx", ".ods":
			tables = append(tables, f)
		}
	}
	switch len(tables) {
	case 0:
		return nil, errs.New(errs.Unsupported, "no_table", "The archive contains no .csv, .tsv, .txt, .xlsx or .ods file.")
	case 1:
		return tables[0], nil
	}
	return nil, errs.New(errs.Invalid, "several_tables", "The archive contains %d tables, including %q and %q; send them one at a time.", len(tables), tables[0].Name, tables[1].Name)
}

// CheckEntry rejects an entry by its directory record.
func CheckEntry(f *zip.File, limit int64) error {
	if f.Flags&1 != 0 {
		return errs.New(errs.Unsupported, "encrypted_file", "The archive is encrypted; send it without a password.")
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return errs.New(errs.Unsupported, "unsupported_type", "The archive uses the unsupported compression method %d; use deflate.", f.Method)
	}
	if f.UncompressedSize64 > uint64(limit) {
		return OverLimit(limit)
	}
	if bomb := checkRatio(int64(min(f.CompressedSize64, math.MaxInt64)), int64(f.UncompressedSize64)); bomb != nil {
		return bomb
	}
	return nil
}

// IsPacked reports whether src is an archive or a workbook, which takes more
// memory and time to open than plain text.
func IsPacked(src io.ReaderAt) (bool, error) {
	start := make([]byte, 4)
	n, err := src.ReadAt(start, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return IsGzip(start[:n]) || IsZip(start[:n]), err
}
