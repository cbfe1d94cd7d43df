// Package posting has the amounts in files: the columns that they are in, the balances
// that they change, and the entries of a batch.
package posting

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
)

// XP, Coins and Premium stand for the balances of members in files and their details. No
// member has a value of these fields; their id is the unit.
var (
	XP      = column(ledger.XP, "XP")
	Coins   = column(ledger.Coins, "Coins")
	Premium = column(ledger.Premium, "Premium currency")
)

func column(unit ledger.Unit, name string) *field.Field {
	return &field.Field{ID: string(unit), Field: string(unit), Name: name, Type: field.Numerical, Default: true}
}

// Columns are XP, Coins and Premium.
var Columns = []*field.Field{XP, Coins, Premium}

// Of returns the column of an id, nil if there is none.
func Of(id string) *field.Field {
	for _, f := range Columns {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// UnitOf returns the unit of a column, "" for a field of members.
func UnitOf(f *field.Field) ledger.Unit {
	if f == XP || f == Coins || f == Premium {
		return ledger.Unit(f.ID)
	}
	return ""
}

// Parse returns the whole number in a cell.
func Parse(text string, formats field.Formats) (int64, *field.Problem) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, inRange(n, -ledger.MaxBalance, ledger.MaxBalance)
	}
	value, problem := Coins.FromText(text, formats)
	switch {
	case problem != nil && problem.Code == "number_too_long":
		return 0, outOfRange()
	case problem != nil:
		return 0, problem
	}
	number, _ := value.(json.Number)
	n, err := strconv.ParseInt(strings.TrimPrefix(number.String(), "+"), 10, 64)
	if err != nil {
		return 0, outOfRange()
	}
	return n, nil
}

// Change is an amount in a cell.
type Change struct {
	Overwrites bool  // Amount is the wanted balance
	Amount     int64 // negative: a debit
}

// Added is the change of a cell that adds an amount, or subtracts it.
func Added(amount int64, subtracts bool) (Change, *field.Problem) {
	problem := inRange(amount, 1, ledger.MaxAmount)
	if subtracts {
		amount = -amount
	}
	return Change{Amount: amount}, problem
}

// Overwritten is the change of a cell with a wanted balance. most is the greatest one.
func Overwritten(wanted, most int64) (Change, *field.Problem) {
	return Change{Overwrites: true, Amount: wanted}, inRange(wanted, 0, most)
}

// Next returns what is posted of a balance after the change.
func (c Change) Next(b ledger.Balance) (int64, *field.Problem) {
	next := b.Posted + c.Amount
	if c.Overwrites {
		next = c.Amount
	}
	if difference := next - b.Posted; difference > 0 {
		if problem := inRange(difference, 1, ledger.MaxAmount); problem != nil {
			return 0, problem
		}
		return next, inRange(next, 0, ledger.MaxBalance)
	} else if -difference > ledger.MaxAmount {
		return 0, outOfRange()
	}
	if next < b.Held {
		return 0, problemOf(ledger.ErrInsufficient(b.Available()))
	}
	return next, nil
}

func inRange(n, least, most int64) *field.Problem {
	if n < least || n > most {
		return outOfRange()
	}
	return nil
}

func outOfRange() *field.Problem { return problemOf(ledger.ErrOutOfRange()) }

func problemOf(e *errs.Error) *field.Problem { return &field.Problem{Code: e.Code, Said: e.Sentence} }
