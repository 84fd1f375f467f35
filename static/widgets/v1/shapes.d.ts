// What the API answers, as far as the widgets read it, and what they tell their host.

export interface Suggestion {
  id: number;
  project: string;
  analysis: string;
  loader: string;
  record: string;
  reason: string;
  /** Suggestions of the same list that would make the same output: one of them will do. */
  alternatives: number[];
  /** Whether the reader may request it: editors and admins may. */
  may_request: boolean;
}

export interface AnalysisRequest {
  name: string;
  analysis: string;
  requester: string;
  status: string;
  due_at: string | null;
  links: { page: string };
}

export interface OrphanCard {
  title: string;
  count: number;
  models: Record<string, number>;
}

/** Where an element stands: an empty text means "not given". */
export interface Place {
  project: string;
  model: string;
  record: string;
}

export interface Problem {
  status: number;
  message: string;
}

declare global {
  interface Window {
    /** Timur's own settings. */
    CONFIG?: { project_name?: string | null };
  }
}
