import { APPS } from "./apps.ts";
import type { ChartKnowledge } from "./chart.ts";
import { CONTROLLERS } from "./controllers.ts";
import { OBSERVABILITY } from "./observability.ts";
import { PLATFORM } from "./platform.ts";
import { SERVICES } from "./services.ts";
import { STORAGE } from "./storage.ts";

const CHARTS: readonly ChartKnowledge[] = [
  ...PLATFORM,
  ...STORAGE,
  ...OBSERVABILITY,
  ...APPS,
  ...SERVICES,
  ...CONTROLLERS,
];

export const chartNamed = (name: string): ChartKnowledge | null => CHARTS.find((c) => c.charts.includes(name)) ?? null;
