// Package report turns measurements into medians, tables and a chart.
package report
