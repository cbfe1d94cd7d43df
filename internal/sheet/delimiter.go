package sheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// delimiterRecords is the number of records used to detect the delimiter.
const delimiterRecords = 50

// detectDelimiter returns the delimiter that splits the header into the most
// cells and most other records into as many. b has one byte per code unit. A
// table with one column gets a comma.
func detectDelimiter(b []byte, eol byte) byte {
	best, bestScore := byte(','), 0.0
	for _, d := range []byte(",;\t|") {
		if score := scoreDelimiter(b, eol, d); score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}

// scoreDelimiter is 0 if the header is one cell. Records that all have as many
// cells as the header raise the score up to eleven times.
func scoreDelimiter(b []byte, eol, delimiter byte) float64 {
	header, records, even := 0, 0, 0
	for len(b) > 0 && records < delimiterRecords {
		var line []byte
		line, b = cutRecord(b, eol, delimiter)
		if len(bytes.TrimRight(line, "\r")) == 0 {
			continue
		}
		n := countCells(line, delimiter)
		if header == 0 {
			header = n
			continue
		}
		records++
		if n == header {
			even++
		}
	}
	share := 1.0
	if records > 0 {
		share = float64(even) / float64(records)
	}
	return float64(header-1) * (0.1 + share)
}

// cutRecord splits b after its first record. A quote that is not closed within
// 16 KiB is an ordinary character.
func cutRecord(b []byte, eol, delimiter byte) (record, rest []byte) {
	const far = 16 << 10
	first := bytes.IndexByte(b, eol)
	if first < 0 {
		return b, nil
	}
	end := first
	for endsInQuote(b[:end], delimiter, false) {
		quote := closingQuote(b[:min(len(b), far)], min(end, far))
		if quote < 0 {
			end = first
			break
		}
		next := bytes.IndexByte(b[quote:], eol)
		if next < 0 {
			return b, nil
		}
		end = quote + next
	}
	return b[:end], b[end+1:]
}

func countCells(b []byte, delimiter byte) int {
	cells := 1
	for i := 0; ; {
		if i < len(b) && b[i] == '"' {
			end := closingQuote(b, i+1)
			if end < 0 {
				return cells
			}
			i = end + 1
		}
		j := bytes.IndexByte(b[i:], delimiter)
		if j < 0 {
			return cells
		}
		i += j + 1
		cells++
	}
}

// parseSep returns the delimiter of a first line like sep=; as Excel
// understands it, or 0.
func parseSep(line []byte) byte {
	line = bytes.Trim(bytes.TrimRight(line, "\r"), `"`)
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") && isDelimiter(line[4]) {
		return line[4]
	}
	return 0
}

// isDelimiter reports whether c can separate cells.
func isDelimiter(c byte) bool {
	return c == '\t' || c >= ' ' && c < utf8.RuneSelf-1 && c != '"'
}

// parseDelimiter returns the delimiter with that name.
func parseDelimiter(name string) (byte, error) {
	switch strings.ToLower(name) {
	case "tab", `\t`:
		return '\t', nil
	case "comma":
		return ',', nil
	case "semicolon":
		return ';', nil
	case "pipe":
		return '|', nil
	}
	if len(name) == 1 && isDelimiter(name[0]) {
		return name[0], nil
	}
	return 0, errs.New(errs.Invalid, "bad_delimiter", "%q is not a valid delimiter; use one character, or tab, comma, semicolon or pipe.", name)
}
