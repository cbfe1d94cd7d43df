package sheet

import "github.com/regulars/regulars/internal/errs"

// Format is the format of a table that is written.
type Format string

// The formats.
const (
	CSV      Format = "csv"
	Workbook Format = "xlsx"
)

// ParseFormat returns the format with a name; "" is CSV. It fails with Invalid
// unknown_format.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "":
		return CSV, nil
	case CSV, Workbook:
		return f, nil
	}
	return "", errs.New(errs.Invalid, "unknown_format", "The format is csv or xlsx.")
}

// ContentType is the media type of a file.
func (f Format) ContentType() string {
	if f == Workbook {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv"
}

// RecordWriter is a Writer or a WorkbookWriter.
type RecordWriter interface {
	Write(cells []string) error
	Flush() error
}
