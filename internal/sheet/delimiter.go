package sheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// delimiterRecords is the number of records used to detect the delimiter.
const delimiterRecords = 50

const delimiters = ",;\t|"

// detectDelimiter returns the delimiter with which one of the first lines fits
// as the header. Without one, it is the delimiter that splits the first line
// into the most cells and most other records into as many; if the first line is
// a title, the same for the lines below it. b has one byte per code unit. A
// table with one column gets a comma.
func detectDelimiter(b []byte, eol byte, fits func([]string) bool) byte {
	best, bestScore := byte(','), 0.0
	compare := func(score func(counts []int) float64, allowed func(byte) bool) {
		for _, d := range []byte(delimiters) {
			if s := score(cellCounts(b, eol, d)); s > bestScore && allowed(d) {
				best, bestScore = d, s
			}
		}
	}
	if fits != nil {
		compare(scoreBelowTitle, func(d byte) bool { return hasFittingLine(b, eol, d, fits) })
	}
	if bestScore == 0 {
		compare(scoreDelimiter, func(byte) bool { return true })
	}
	if bestScore < 0.5 {
		compare(scoreBelowTitle, func(byte) bool { return true })
	}
	return best
}

// fromHeader returns b without the lines before a requested header.
func fromHeader(b []byte, eol byte, opts Options) []byte {
	for range opts.HeaderLine - 1 {
		_, below, more := bytes.Cut(b, []byte{eol})
		if !more {
			return b
		}
		b = below
	}
	return b
}

// hasFittingLine reports whether one of the first lines fits as the header.
func hasFittingLine(b []byte, eol, delimiter byte, fits func([]string) bool) bool {
	s := splitter{delimiter: delimiter, limit: MaxColumns + 1}
	for n := 0; n < headerLines && len(b) > 0; n++ {
		var line []byte
		line, b = cutRecord(b, eol, delimiter)
		line = bytes.TrimRight(line, "\r")
		if len(line) > 0 && len(line) < 64<<10 && fits(s.split(line, true, nil)) {
			return true
		}
	}
	return false
}

// cellCounts are the numbers of cells of the first records that are not blank
// lines.
func cellCounts(b []byte, eol, delimiter byte) []int {
	var counts []int
	for len(b) > 0 && len(counts) <= delimiterRecords {
		var line []byte
		line, b = cutRecord(b, eol, delimiter)
		if len(bytes.TrimRight(line, "\r")) > 0 {
			counts = append(counts, countCells(line, delimiter))
		}
	}
	return counts
}

// scoreDelimiter is 0 if the header, the first record, is one cell. Records that
// all have as many cells as the header raise the score up to eleven times.
func scoreDelimiter(counts []int) float64 {
	if len(counts) == 0 {
		return 0
	}
	even := 0
	for _, n := range counts[1:] {
		if n == counts[0] {
			even++
		}
	}
	share := 1.0
	if len(counts) > 1 {
		share = float64(even) / float64(len(counts)-1)
	}
	return float64(counts[0]-1) * (0.1 + share)
}

// scoreBelowTitle is the highest score with one of the first lines as the
// header, lower the fewer records are below it.
func scoreBelowTitle(counts []int) float64 {
	best := scoreDelimiter(counts)
	for i := 1; i < min(headerLines, len(counts)-1); i++ {
		best = max(best, scoreDelimiter(counts[i:])*float64(len(counts)-i)/float64(len(counts)))
	}
	return best
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
		for i < len(b) && isPadding(b[i], delimiter) {
			i++
		}
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
