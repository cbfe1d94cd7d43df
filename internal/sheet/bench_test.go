package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// members returns a table with n rows of 12 columns and about 110 bytes, every
// tenth with a quoted cell.
func members(n int) []byte {
	var b bytes.Buffer
	b.WriteString("First Name,Last Name,Username,Email,Phone,Country,Language,Role,Tag,Plan,Lifetime Deposits,Last Deposit\n")
	for i := range n {
		tag := "founder"
		if i%10 == 0 {
			tag = `"gold, yearly"`
		}
		fmt.Fprintf(&b, "Priya,O'Neil,user_%08x,User.%08x@example%d.com,+49291962972,PL,English,,%s,free,%d.31,2020-02-26\n", i, i, i%9, tag, i%9000)
	}
	return b.Bytes()
}

func BenchmarkTable(b *testing.B) {
	const rows = 200_000
	data := members(rows)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
		if err != nil {
			b.Fatal(err)
		}
		var row record.Row
		n := 0
		for err = t.Next(&row); err == nil; err = t.Next(&row) {
			n++
		}
		if !errors.Is(err, io.EOF) || n != rows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncodingCSV(b *testing.B) {
	const rows = 200_000
	data := members(rows)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.ReuseRecord = true
		n := 0
		for _, err := r.Read(); err == nil; _, err = r.Read() {
			n++
		}
		if n != rows+1 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkScan(b *testing.B) {
	data := members(100_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var s sheet.Scanner
		_, _ = s.Write(data)
	}
}

func BenchmarkWorkbook(b *testing.B) {
	const rows = 20_000
	cells := make([][]any, 0, rows+1)
	for i := range rows + 1 {
		cells = append(cells, []any{"Priya", "O'Neil", fmt.Sprint("user_", i), fmt.Sprint("u", i, "@example.com"), "PL", "", "founder", float64(i) + .31})
	}
	data := workbook(b, cells)
	b.ReportAllocs()
	for b.Loop() {
		t := open(b, data, sheet.Options{})
		var row record.Row
		n := 0
		for t.Next(&row) == nil {
			n++
		}
		if n != rows {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
