// Package result has the results of the growth benchmark: times of operations against
// rows and members, their comparison with an earlier run of the same class of
// machine, and a page with plots.
package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Machine describes the machine of a run.
type Machine struct {
	Processor string  `json:"processor"`
	Cores     int     `json:"cores"`
	MemoryGiB int     `json:"memoryGiB"`
	System    string  `json:"system"`          // operating system and architecture
	Go        string  `json:"go"`              // version
	DiskSync  float64 `json:"diskSyncSeconds"` // median time to write and sync a small file
}

var notInClass = regexp.MustCompile(`[^a-z0-9]+`)

// Class names machines with comparable results: by processor, cores, memory and
// system. It is a file name without extension.
func (m Machine) Class() string {
	text := strings.ToLower(fmt.Sprintf("%s %d cores %d gib %s", m.Processor, m.Cores, m.MemoryGiB, m.System))
	return strings.Trim(notInClass.ReplaceAllString(text, "-"), "-")
}

// Part is the dimension that a measurement grows in.
type Part string

// The parts.
const (
	Rows    Part = "rows"    // of a file, in a fixed community
	Members Part = "members" // of the community, with a fixed amount of work
)

// Measurement is the time of one operation at one size on one engine.
type Measurement struct {
	Operation string    `json:"operation"`
	Part      Part      `json:"part"`
	Engine    string    `json:"engine"`
	Rows      int       `json:"rows"`    // of the file; 0 without one
	Members   int       `json:"members"` // of the community before
	Unit      string    `json:"unit"`    // "s"
	Runs      []float64 `json:"runs"`
	Median    float64   `json:"median"`
	FloorOf   string    `json:"floorOf,omitempty"` // what the floor does; "": there is none
	Floor     float64   `json:"floor,omitempty"`   // median, in turns with Runs
	Ratio     float64   `json:"ratio,omitempty"`
	Scan      bool      `json:"scan,omitempty"` // reads all members by design
	Commit    string    `json:"commit"`
	Date      time.Time `json:"date"`
}

// Size is the size in the dimension that grows.
func (m Measurement) Size() int {
	if m.Part == Rows {
		return m.Rows
	}
	return m.Members
}

// Summarize fills in the fields that follow from Runs and the runs of the floor.
func (m *Measurement) Summarize(floor []float64) {
	m.Unit, m.Median = "s", median(m.Runs)
	if len(floor) > 0 {
		m.Floor = median(floor)
	}
	if m.Floor > 0 {
		m.Ratio = m.Median / m.Floor
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// Run has the results of one run.
type Run struct {
	Class        string        `json:"class"`
	Machine      Machine       `json:"machine"`
	Date         time.Time     `json:"date"`
	Commit       string        `json:"commit"`
	Measurements []Measurement `json:"measurements"`
	Notes        []string      `json:"notes,omitempty"` // what was left out, and why
}

// Read returns the results in a file, nil if the file does not exist.
func Read(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var run Run
	if err := json.Unmarshal(text, &run); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &run, nil
}

// Write writes the results to a file and creates its folder.
func (r *Run) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// With returns the results with the measurements of an earlier run of the same class
// that this one did not repeat. Measurements have their own commit and date.
func (r *Run) With(earlier *Run) *Run {
	merged := *r
	merged.Measurements = slices.Clone(r.Measurements)
	if earlier == nil || earlier.Class != r.Class {
		return &merged
	}
	for _, m := range earlier.Measurements {
		if r.find(m) == nil {
			merged.Measurements = append(merged.Measurements, m)
		}
	}
	return &merged
}

// find returns the measurement of the same operation, engine and size, nil if there is
// none.
func (r *Run) find(like Measurement) *Measurement {
	for i, m := range r.Measurements {
		if m.Part == like.Part && m.Operation == like.Operation && m.Engine == like.Engine && m.Rows == like.Rows && m.Members == like.Members {
			return &r.Measurements[i]
		}
	}
	return nil
}

// change is the relative change from one time to another, NaN if one is missing.
func change(from, to float64) float64 {
	if from <= 0 || to <= 0 {
		return math.NaN()
	}
	return to/from - 1
}
