import { expect, test } from 'vitest';
import { Counter, exposition, Gauge, Histogram } from '../../src/serve/metrics.js';

test('metrics are written as Prometheus reads them', () => {
  const counter = new Counter('requests_total', 'Requests.');
  counter.add({ path: 'a"b\\c\nd', status: '200' });
  counter.add({ path: 'a"b\\c\nd', status: '200' }, 2);
  const histogram = new Histogram('seconds', 'Times.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.add({}, value);
  expect(exposition([counter, new Gauge('rows', 'Rows.', () => 3), histogram])).toBe(`# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{path="a\\"b\\\\c\\nd",status="200"} 3
# HELP rows Rows.
# TYPE rows gauge
rows 3
# HELP seconds Times.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="1"} 3
seconds_bucket{le="+Inf"} 4
seconds_sum 7.65
seconds_count 4
`);
});
