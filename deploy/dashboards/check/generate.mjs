// Writes a TypeScript program that says of each part of a dashboard, as a literal,
// what type of Grafana's it satisfies: node generate.mjs DASHBOARD >check.ts
// Of literals the compiler also finds what a type does not have.
import {readFileSync} from 'node:fs';

const composable = '@grafana/schema/dist/esm/raw/composable';

console.log(`import type {Dashboard, DataQuery, Panel, RowPanel} from '@grafana/schema';
import type * as timeseries from '${composable}/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as stat from '${composable}/stat/panelcfg/x/StatPanelCfg_types.gen';

// A type as JSON has it: enumerations are their values.
type Plain<T> = T extends string ? \`\${T}\` : T extends object ? {[K in keyof T]: Plain<T[K]>} : T;
type Query = Plain<DataQuery> & {expr: string; legendFormat: string};
`);

function satisfies(type, value) {
	console.log(`void (${JSON.stringify(value)} satisfies ${type});`);
}

const {panels, ...dashboard} = JSON.parse(readFileSync(process.argv[2], 'utf8'));
satisfies('Plain<Omit<Dashboard, "panels">>', dashboard);
for (const panel of panels) {
	if (panel.type === 'row') {
		satisfies('Plain<RowPanel>', panel);
		continue;
	}
	satisfies('Plain<Panel>', panel);
	satisfies(`Plain<Partial<${panel.type}.Options>>`, panel.options);
	if (panel.fieldConfig.defaults.custom) {
		satisfies(`Plain<Partial<${panel.type}.FieldConfig>>`, panel.fieldConfig.defaults.custom);
	}
	for (const target of panel.targets) {
		satisfies('Query', target);
	}
}
