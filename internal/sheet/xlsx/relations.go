package xlsx

import (
	"net/url"
	"path"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// relation is a reference of one part to another.
type relation struct {
	id     string
	kind   string // last segment of the type, such as worksheet; "" without a type
	target string // name of a part
}

// relations returns the references of a part; "" is the package. They are in a
// part of their own, which may be missing.
func (b *workbook) relations(part string) ([]relation, error) {
	var list []relation
	folder, name := path.Split(part)
	err := b.pkg.EachElement(folder+"_rels/"+name+".rels", func(p *xmlpart.Part) {
		target := p.Attr("Target")
		if !p.Is("Relationship") || len(list) == maxSheets || len(target) > maxName || p.Attr("TargetMode") == "External" {
			return
		}
		if plain, err := url.PathUnescape(target); err == nil && !b.pkg.Has(target) {
			target = plain
		}
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", folder, target)
		}
		kind := p.Attr("Type")
		list = append(list, relation{id: truncateName(p.Attr("Id")), kind: truncateName(kind[strings.LastIndexByte(kind, '/')+1:]), target: path.Clean(target)[1:]})
	})
	return list, err
}

// findWorkbook returns the name of the main part.
func (b *workbook) findWorkbook() (string, error) {
	list, err := b.relations("")
	if err != nil {
		return "", err
	}
	for _, r := range list {
		if r.kind != "officeDocument" {
			continue
		}
		if name, ok := otherDocument(r.target); ok {
			return "", errs.New(errs.Unsupported, "unsupported_type", "The file is %s; save the table as .xlsx or CSV.", name)
		}
		if b.pkg.Has(r.target) {
			return r.target, nil
		}
	}
	for _, name := range []string{"xl/workbook.xml", "xl/workbook.bin", "word/document.xml", "ppt/presentation.xml"} {
		if !b.pkg.Has(name) {
			continue
		}
		if other, ok := otherDocument(name); ok {
			return "", errs.New(errs.Unsupported, "unsupported_type", "The file is %s; save the table as .xlsx or CSV.", other)
		}
		return name, nil
	}
	return "", errs.New(errs.Unsupported, "unsupported_type", "The file is an Office document but not an .xlsx workbook; save it as .xlsx or CSV.")
}

// otherDocument names an Office document that is not a workbook of XML parts,
// by its main part.
func otherDocument(part string) (name errs.Word, ok bool) {
	switch {
	case path.Ext(part) == ".bin":
		return errs.Word("a binary workbook (.xlsb)"), true
	case strings.HasPrefix(part, "word/"):
		return errs.Word("a text document (.docx)"), true
	case strings.HasPrefix(part, "ppt/"):
		return errs.Word("a presentation (.pptx)"), true
	case strings.HasPrefix(part, "visio/"):
		return errs.Word("a drawing (.vsdx)"), true
	}
	return "", false
}

// readRelations finds the parts of the workbook: styles, strings and, by id, the
// sheets.
func (b *workbook) readRelations() (sheets map[string]relation, err error) {
	list, err := b.relations(b.mainPart)
	if err != nil {
		return nil, err
	}
	folder := path.Dir(b.mainPart)
	b.stylesPart, b.stringsPart = path.Join(folder, "styles.xml"), path.Join(folder, "sharedStrings.xml")
	sheets = map[string]relation{}
	for _, r := range list {
		switch r.kind {
		case "styles":
			b.stylesPart = r.target
		case "sharedStrings":
			b.stringsPart = r.target
		default:
			sheets[r.id] = r
		}
	}
	return sheets, nil
}
