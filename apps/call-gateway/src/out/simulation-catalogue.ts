import { Route, type RouteSimulation } from '@cc/contracts';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';

/** The router's answers to simulations, for as long as somebody may wait for one. */
@Injectable()
export class SimulationCatalogue {
  constructor(private readonly database: Database) {}

  async save(tx: Tx, simulations: readonly RouteSimulation[], nowMs: number): Promise<void> {
    if (simulations.length === 0) return;
    await tx.query(
      `INSERT INTO gateway_route_simulation (simulation_id, tenant, route, received) SELECT id, tenant, route, $4 FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS told (id, tenant, route) ON CONFLICT DO NOTHING`,
      [simulations.map(({ simulationId }) => simulationId), simulations.map(({ tenant }) => tenant), simulations.map(({ route }) => JSON.stringify(route)), nowMs],
    );
  }

  async find(tenant: string, simulationId: string): Promise<Route | undefined> {
    const [row] = await this.database.query<{ route: unknown }>(`SELECT route FROM gateway_route_simulation WHERE simulation_id = $1 AND tenant = $2`, [simulationId, tenant]);
    return row === undefined ? undefined : Route.parse(row.route);
  }

  /** Deletes what came before. */
  async forget(beforeMs: number): Promise<void> {
    await this.database.query(`DELETE FROM gateway_route_simulation WHERE received < $1`, [beforeMs]);
  }
}
