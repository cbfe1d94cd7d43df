// Package expression compiles and evaluates the conditions of automations and the values
// in their messages: expressions about an event and its member that end soon, need little
// memory and change nothing.
package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Limits of an expression.
const (
	MaxLength    = 2_000  // characters
	maxNodes     = 400    // of the syntax tree
	memoryBudget = 20_000 // elements that the library allocates
)

// functions are the functions of conditions. Those that are left out may need memory or
// time without bound.
var functions = []string{
	"len", "lower", "upper", "trim", "hasPrefix", "hasSuffix", "indexOf", "abs", "ceil", "floor", "round", "int", "float", "date", "duration",
	"any", "all", "none", "one", "count",
}

// predicates are those of functions that loop over a list.
var predicates = []string{"any", "all", "none", "one", "count"}

// operators of two sides.
var operators = []string{
	"==", "!=", "<", ">", "<=", ">=", "and", "or", "&&", "||", "in", "contains", "startsWith", "endsWith", "matches", "+", "-", "*", "/", "%", "??",
}

// Condition is a compiled condition. It is safe for concurrent use.
type Condition struct{ program *vm.Program }

// Problem is the reason why an expression is invalid, with its place.
type Problem struct {
	Message      string // of the library, in English
	Line, Column int    // from 1; 0: unknown
}

// Compile compiles a condition about events of a type; "" is always met. problem is nil
// for a valid one.
func Compile(text string, about Scope) (c Condition, problem *Problem) {
	if strings.TrimSpace(text) == "" {
		return Condition{}, nil
	}
	if utf8.RuneCountInString(text) > MaxLength {
		return Condition{}, &Problem{Message: fmt.Sprintf("the condition has more than %d characters", MaxLength)}
	}
	if problem := inspect(text); problem != nil {
		return Condition{}, problem
	}
	program, err := expr.Compile(text, options(about, expr.AsBool())...)
	return Condition{program}, problemOf(err)
}

// options are those of the library.
func options(about Scope, more ...expr.Option) []expr.Option {
	list := []expr.Option{expr.Env(about.types()), expr.MaxNodes(maxNodes), expr.Optimize(false), expr.DisableAllBuiltins()}
	for _, name := range functions {
		list = append(list, expr.EnableBuiltin(name))
	}
	return append(list, more...)
}

// problemOf returns the problem of an error of the library, nil of nil.
func problemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	if found, ok := errors.AsType[*file.Error](err); ok {
		return &Problem{Message: found.Message, Line: found.Line, Column: found.Column + 1}
	}
	return &Problem{Message: err.Error()}
}

// inspect parses an expression and returns what conditions may not have.
func inspect(text string) *Problem {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return problemOf(err)
	}
	i := inspection{}
	i.visit(tree.Node, 0)
	if i.problem == nil {
		return nil
	}
	return problemOf(i.problem.Bind(tree.Source))
}

// inspection visits a syntax tree until it finds a problem.
type inspection struct{ problem *file.Error }

func (i *inspection) reject(n ast.Node, format string, args ...any) {
	if i.problem == nil {
		i.problem = &file.Error{Location: n.Location(), Message: fmt.Sprintf(format, args...)}
	}
}

// visit visits a node within a number of loops. Loops are not nested, and no value has a
// name, so that the size of every value and the number of steps grow with the length of
// the text only.
func (i *inspection) visit(n ast.Node, loops int) {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IdentifierNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	case *ast.UnaryNode:
		i.visit(n.Node, loops)
	case *ast.BinaryNode:
		if !slices.Contains(operators, n.Operator) {
			i.reject(n, "the operator %s is not available", n.Operator)
		}
		i.visit(n.Left, loops)
		i.visit(n.Right, loops)
	case *ast.ChainNode:
		i.visit(n.Node, loops)
	case *ast.MemberNode:
		i.visit(n.Node, loops)
		i.visit(n.Property, loops)
	case *ast.ConditionalNode:
		i.visit(n.Cond, loops)
		i.visit(n.Exp1, loops)
		i.visit(n.Exp2, loops)
	case *ast.ArrayNode:
		for _, one := range n.Nodes {
			i.visit(one, loops)
		}
	case *ast.PredicateNode:
		i.visit(n.Node, loops)
	case *ast.BuiltinNode:
		i.visitFunction(n, n.Name, n.Arguments, loops)
	case *ast.CallNode:
		name, ok := n.Callee.(*ast.IdentifierNode)
		if !ok {
			i.reject(n, "this function is not available")
			return
		}
		i.visitFunction(n, name.Value, n.Arguments, loops)
	default:
		i.reject(n, "only comparisons, calculations and functions are available")
	}
}

func (i *inspection) visitFunction(n ast.Node, name string, arguments []ast.Node, loops int) {
	if !slices.Contains(functions, name) {
		i.reject(n, "the function %s is not available", name)
		return
	}
	if slices.Contains(predicates, name) {
		if loops++; loops > 1 {
			i.reject(n, "%s is within another loop", name)
			return
		}
	}
	for _, one := range arguments {
		i.visit(one, loops)
	}
}

// Met evaluates the condition for the values of a Scope.
func (c Condition) Met(values map[string]any) (bool, error) {
	if c.program == nil {
		return true, nil
	}
	result, err := run(c.program, values)
	met, _ := result.(bool)
	return met, err
}

// run runs a program within the memory budget.
func run(program *vm.Program, values map[string]any) (any, error) {
	machine := vm.VM{MemoryBudget: memoryBudget}
	result, err := machine.Run(program, values)
	if problem := problemOf(err); problem != nil {
		return nil, errors.New(problem.Message) //nolint:err113 // the message of the library
	}
	return result, nil
}
