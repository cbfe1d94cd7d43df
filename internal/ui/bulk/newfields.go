package bulk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ui"
)

// newField is the choice to create a field with the name of the column.
const newField = "+"

// newFields returns the fields that the form creates for columns, and maps their
// columns to them.
func newFields(v *ui.Request, d bulk.Draft, mapping map[string]*string) (list []job.NewField) {
	for _, c := range d.Columns {
		number := strconv.Itoa(c.Index)
		if v.PostFormValue("column-"+number) != newField {
			continue
		}
		n := job.NewFieldOf(c.Header, field.Type(v.PostFormValue("type-"+number)))
		if n.Type == "" {
			n.Type = c.NewType
		}
		if before := slices.IndexFunc(d.Options.NewFields, func(o job.NewField) bool { return o.Header == n.Header }); before >= 0 {
			n.ID = d.Options.NewFields[before].ID
		}
		list, mapping[c.Header] = append(list, n), new(n.Field)
	}
	return list
}

// describeNew sets what the row of a column says about a new field.
func (column *ColumnView) describeNew(v *ui.Request, c staged.Column) {
	column.NewType = string(c.NewType)
	column.CanCreate = strings.TrimSpace(c.Header) != "" && (c.Suggested || c.New != "" || c.Field == "" && !c.Problem.IsZero())
	switch {
	case c.New != "":
		column.Field, column.Extra, column.NewType = newField, "", string(c.New)
	case column.CanCreate && !c.Problem.IsZero():
		column.Problem = v.T("There is no field of this name. Choose one, create one, or leave the column out.")
	}
}

// newFieldTypes are the types to choose from for a new field.
func newFieldTypes(p ui.Page) []ui.Choice {
	list := make([]ui.Choice, len(job.NewFieldTypes))
	for i, t := range job.NewFieldTypes {
		list[i] = ui.Choice{Value: string(t), Label: p.T(ui.FieldTypeName(string(t)))}
	}
	return list
}
