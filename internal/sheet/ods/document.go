// Package ods reads the rows of OpenDocument spreadsheets. The content is read as
// a stream, so that damage is found where it occurs.
package ods

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

const (
	contentPart  = "content.xml"
	manifestPart = "META-INF/manifest.xml"
	typePart     = "mimetype"
)

// document is an open spreadsheet.
type document struct {
	pkg        *xmlpart.Package
	total      int64 // size of the file given to Open
	limit      int64 // maximum bytes of repeated cells
	sheets     []record.Sheet
	hasContent bool           // the document is a spreadsheet
	spooled    unpack.Scratch // unpacked copy, if the document was packed
}

const (
	maxSheets = 10_000 // far above real documents
	maxStyles = 1 << 16
	maxName   = 512 // bytes
)

// IsDocument reports whether an archive is an OpenDocument file.
func IsDocument(archive *zip.Reader) bool {
	content, manifest := false, false
	for _, f := range archive.File {
		content = content || f.Name == contentPart
		manifest = manifest || f.Name == manifestPart
		if f.Name == typePart {
			return true
		}
	}
	return content && manifest
}

// Options limit the resources and the work.
type Options struct {
	MaxUnpacked int64  // maximum unpacked bytes of all parts together
	LastSheet   string // sheets after the one with this name are not listed; "" lists all
}

// Open opens a document. Rows.Select must follow.
func Open(src *unpack.Stream, archive *zip.Reader, o Options) (*Rows, error) {
	d := &document{pkg: xmlpart.NewPackage(src, archive, o.MaxUnpacked), total: src.Size, limit: o.MaxUnpacked}
	if err := d.open(archive, o.LastSheet); err != nil {
		return nil, unpack.WrapDamaged(err)
	}
	return &Rows{doc: d}, nil
}

func (d *document) open(archive *zip.Reader, lastSheet string) error {
	if err := d.pkg.Check(archive); err != nil {
		return err
	}
	if err := d.checkType(); err != nil {
		return err
	}
	if d.isEncrypted() || d.pkg.Has("encrypted-package") {
		return errs.New(errs.Unsupported, "encrypted_file", "The spreadsheet is encrypted; save it without a password.")
	}
	err := d.listSheets(lastSheet)
	if err == nil && !d.hasContent {
		err = errNoSpreadsheet(errs.Word("a document without a spreadsheet"))
	}
	return err
}

func errNoSpreadsheet(name errs.Word) error {
	return errs.New(errs.Unsupported, "unsupported_type", "The file is %s; save the table as .xlsx or CSV.", name)
}

// checkType rejects files of other programs by their media type.
func (d *document) checkType() error {
	p, err := d.pkg.Open(typePart)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	start := make([]byte, 100)
	n, err := io.ReadFull(p, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	kind, open := strings.CutPrefix(strings.TrimSpace(string(start[:n])), "application/vnd.oasis.opendocument.")
	switch kind, _, _ = strings.Cut(kind, "-"); {
	case !open && strings.HasPrefix(kind, "application/vnd.sun.xml.calc"):
		return errNoSpreadsheet(errs.Word("a spreadsheet of OpenOffice 1.0 (.sxc)"))
	case !open && strings.HasPrefix(kind, "application/epub"):
		return errNoSpreadsheet(errs.Word("an electronic book (.epub)"))
	case kind == "text":
		return errNoSpreadsheet(errs.Word("a text document (.odt)"))
	case kind == "presentation":
		return errNoSpreadsheet(errs.Word("a presentation (.odp)"))
	case kind == "graphics":
		return errNoSpreadsheet(errs.Word("a drawing (.odg)"))
	}
	return nil
}

// isEncrypted reports whether the manifest has keys. A damaged one has none.
func (d *document) isEncrypted() bool {
	found := false
	_ = d.pkg.EachElement(manifestPart, func(p *xmlpart.Part) { found = found || p.Is("encryption-data") })
	return found
}

// listSheets reads the names of the sheets, up to one with the name last.
func (d *document) listSheets(last string) error {
	p, err := d.pkg.Open(contentPart)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	hidden := map[string]bool{} // styles of sheets
	style := ""
	var w walker
	for {
		kind, err := p.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind == xmlpart.Characters {
			continue
		}
		p.ResetBudget()
		switch {
		case w.enter(p, kind):
			if len(d.sheets) == maxSheets {
				return nil
			}
			name := p.Attr("name")
			name = strings.Clone(strings.ToValidUTF8(name[:min(len(name), maxName)], ""))
			d.sheets = append(d.sheets, record.Sheet{Name: name, Hidden: hidden[p.Attr("style-name")], Table: true})
			if name == last && name != "" {
				d.hasContent = true
				return nil
			}
		case kind == xmlpart.StartTag && p.Is("style"):
			style = p.Attr("name")
		case kind == xmlpart.StartTag && p.Is("table-properties") && p.Attr("display") == "false" && len(hidden) < maxStyles && len(style) <= maxName:
			hidden[style] = true
		}
		d.hasContent = d.hasContent || w.inside > 0
	}
}

// walker follows the depth of elements to find the sheets, which are children of
// the element spreadsheet.
type walker struct {
	depth  int
	inside int // depth of the element spreadsheet; 0: not reached
}

// enter follows a tag and reports whether it starts a sheet.
func (w *walker) enter(p *xmlpart.Part, kind xmlpart.Kind) bool {
	if kind == xmlpart.EndTag {
		w.depth--
		return false
	}
	w.depth++
	if w.inside == 0 && p.Is("spreadsheet") {
		w.inside = w.depth
	}
	return w.inside > 0 && w.depth == w.inside+1 && p.Is("table")
}

func (d *document) close() error {
	if d.spooled == nil {
		return nil
	}
	file := d.spooled
	d.spooled = nil
	return file.Close()
}
