// CrewAI by way of OpenLLMetry or OpenInference, which give the kinds of its spans; here is what is its own.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttributeDialect } from '../types.ts';

export const crewai: AttributeDialect = {
  id: 'crewai',
  title: 'CrewAI',
  senders: 'the instrumentations of OpenLLMetry and of OpenInference for CrewAI',
  aliases: {
    [ATTR.OPERATION]: [
      { from: 'crewai.crew.id', value: () => 'invoke_workflow' },
      { from: 'crew_key', value: (_, all) => (all.has('crew_agents') ? 'invoke_workflow' : null) },
      { from: 'crewai.agent.role', value: () => 'invoke_agent' },
    ],
    [ATTR.AGENT_NAME]: ['crewai.agent.role'],
    [ATTR.WORKFLOW_NAME]: ['crewai.crew.name'],
  },
  input: ['crewai.task.description'],
  output: ['crewai.crew.result', 'crewai.crew.tasks_output'],
};
