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
  /** The one of its card that this person chose last, or else the first. */
  preselected: boolean;
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

export interface Orphan {
  id: number;
  model: string;
  record: string;
  cause: string;
  former_parent: string | null;
  appeared_at: string | null;
  appeared_by: string | null;
  found_at: string;
  /** The size of its tree, where a review has seen it. */
  records: number | null;
}

export interface OrphanList {
  orphans: Orphan[];
  next: string | null;
  count: number;
  /** Whether the reader may begin a review: editors and admins may. */
  may_decide: boolean;
}

export interface ReviewItem {
  orphan: number;
  model: string;
  record: string;
  records: number;
  /** How many records of each model, its own included. */
  shape: Record<string, number>;
  document: Record<string, unknown>;
  blockers: string[];
  mentions: string[];
  note: string | null;
}

export interface Review {
  id: number;
  project: string;
  status: string;
  orphans: number;
  records: number;
  /** What must be typed to remove. */
  confirm: string | null;
  trouble: string | null;
  may_remove: boolean;
  /** Whether a removal waits for a second person. */
  needs_second: boolean;
  items: ReviewItem[];
}

/** What the screens of a review stand on: words, where links lead, what is done when somebody acts. */
export interface Stage {
  say: (key: string, places?: Record<string, string | number>) => string;
  base: string;
  limit: number;
  /** Where a refusal is told. */
  refusal: HTMLElement;
  decide: (said: Record<string, string>) => void;
  back: () => void;
  again: () => void;
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
